import Foundation
import GRDB
import GRDBSQLite
import Relier

extension SQLiteEngine {
    /// Free disk space below which `doctor` warns.
    private static let lowSpace: Int64 = 1 << 30

    /// The size of the log above which `doctor` asks for long readers: no log is that long without one, or a very large transaction.
    private static let longLog = Int64(Opening.keptLogBytes)

    func findings() async throws(EngineError) -> [HealthFinding] {
        var findings: [HealthFinding] = []
        let (journal, tables) = try await read { db in
            (
                try db.row("PRAGMA journal_mode", transform: { $0.text(0) }) ?? "?",
                try db.row("SELECT count(*) FROM sqlite_master WHERE type = 'table'", transform: { $0.int(0) }) ?? 0
            )
        }
        let synchronous = options.durability == .durable ? "FULL" : "NORMAL"
        findings.append(HealthFinding("database", .ok, "\(location), \(tables) tables, SQLite \(String(cString: sqlite3_libversion()))"))
        let isWAL = journal == "wal" || path == nil
        findings.append(HealthFinding("journal", isWAL ? .ok : .failure, isWAL ? journal : "\(journal), expected wal"))
        findings.append(
            options.durability == .durable
                ? HealthFinding("durability", .ok, "synchronous=\(synchronous): a push is on disk when it returns")
                : HealthFinding("durability", .warning, "synchronous=\(synchronous): a power cut may undo the last moments"))
        findings.append(options.readOnly ? await writeLock() : await commitLatency())
        if let path { findings += disk(path) + [log(path)] }
        if let files = leaseBook as? FileLeases { findings += files.processesOnAnotherFile().map(replacedUnder) }
        findings += try await times()
        return findings
    }

    private func times() async throws(EngineError) -> [HealthFinding] {
        let withheld = try await withheldTime()
        if withheld > .zero {
            return [
                HealthFinding(
                    "clock", .warning,
                    "the wall clock went ahead by \(Int(withheld.inSeconds / 86_400)) days across a restart of the machine, which was not added to the clock of "
                        + "delays and keys; if that time has really passed: 'admin add-withheld-time'")
            ]
        }
        let drift = Double(clock.wall - clock.now.microseconds) / 1e6
        return [
            HealthFinding(
                "clock", abs(drift) > 60 ? .warning : .ok,
                abs(drift) > 60
                    ? "the wall clock was set by \(Int(drift)) s since this database's clock began; dates shown may be off by that"
                    : "engine and wall clock agree within \(String(format: "%.1f", abs(drift))) s")
        ]
    }

    /// A real write: permission, space and speed at once.
    private func commitLatency() async -> HealthFinding {
        let start = ContinuousClock.now
        do {
            _ = try await writer.perform { store in
                try store.db.run(
                    "INSERT INTO meta (name, value) VALUES ('checked', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                    .time(store.now))
            }
        } catch {
            return HealthFinding("write", .failure, error.message)
        }
        let seconds = (ContinuousClock.now - start).inSeconds
        let text = "a commit took \(String(format: "%.1f", seconds * 1000)) ms"
        return HealthFinding("write", seconds > 0.25 ? .warning : .ok, seconds > 0.25 ? "\(text); the disk is slow or busy" : text)
    }

    /// How often, and after which pause, the write lock is looked at before somebody is said to hold it for long.
    private static let lockLooks = 10
    private static let lockPause = Duration.milliseconds(50)

    /// Whether writes are possible, without one: who only looks waits for nobody.
    private func writeLock() async -> HealthFinding {
        guard let path else { return HealthFinding("write", .ok, "in memory") }
        if access(path, W_OK) != 0 {
            return HealthFinding("write", .warning, "this user may not write \(path) (\(ErrorNumber(value: errno)))")
        }
        var holders: [LockHolder] = []
        for look in 0..<Self.lockLooks {
            if look > 0 { try? await Task.sleep(for: Self.lockPause) }
            holders = LockHolders.writers(of: path)
            if holders.isEmpty {
                return HealthFinding("write", .ok, "may be written, and the kernel names nobody who holds the write lock")
            }
        }
        return HealthFinding(
            "write", .warning,
            "\(holders.named ?? "a process") held the write lock at each of \(Self.lockLooks) looks within half a second; nobody else can write meanwhile"
        )
    }

    /// A log grows while somebody reads one old state of the database: it cannot start over before.
    private func log(_ path: String) -> HealthFinding {
        var info = stat()
        let size = stat(path + "-wal", &info) == 0 ? Int64(info.st_size) : 0
        let text = "\(size >> 20) MiB of write-ahead log"
        if size <= Self.longLog { return HealthFinding("log", .ok, text) }
        let readers = LockHolders.readers(of: path).filter { $0.process != getpid() }
        let who = readers.named.map { "\($0) is reading" } ?? "no reader is there now, or the kernel does not name it"
        return HealthFinding("log", .warning, "\(text), which grows while one reader goes on; \(who); let it end its transaction")
    }

    private func replacedUnder(_ process: Int32) -> HealthFinding {
        HealthFinding(
            "file", .failure,
            "\(LockHolder(process: process)) has another file open than the one that is at \(location) now: it was replaced under that worker; restart it"
        )
    }

    private func disk(_ path: String) -> [HealthFinding] {
        let directory = (path as NSString).deletingLastPathComponent
        var findings: [HealthFinding] = []
        var info = statvfs()
        if statvfs(directory, &info) == 0 {
            let free = Int64(info.f_bavail) * Int64(info.f_frsize)
            let text = "\(free >> 20) MiB free"
            findings.append(
                HealthFinding("disk", free < Self.lowSpace ? .warning : .ok, free < Self.lowSpace ? "\(text); make room" : text))
        }
        if let system = FileSystem.of(directory) {
            findings.append(
                system.isDoubtful
                    ? HealthFinding("file system", .warning, "\(system.name): make sure that it is local and keeps file locks")
                    : HealthFinding("file system", .ok, system.name))
        }
        return findings
    }
}
