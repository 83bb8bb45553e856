import Foundation
import GRDB
import Relier
import Testing

@testable import RelierSQLite

@Suite struct OpeningTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func open(_ path: String, create: Bool = true) async -> EngineError? {
        await engineError { _ = try SQLiteEngine(path: path, options: SQLiteOptions(create: create, busyTimeout: .milliseconds(200))) }
    }

    @Test func aMissingDirectoryIsNamed() async {
        let error = await open("\(directory.path)/none/relier.db")
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("\(directory.path)/none") == true)
    }

    @Test func operatorsDoNotCreate() async {
        let error = await open(directory.file(), create: false)
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("no Relier database is at \(directory.file())") == true)
        #expect(!FileManager.default.fileExists(atPath: directory.file()))
        #expect(!FileManager.default.fileExists(atPath: directory.file() + "-relier"))
    }

    @Test func everyNameOfAFileLeadsToOneDirectory() async throws {
        let link = directory.file("l.db")
        // Before the first opening the link leads nowhere.
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "relier.db")
        let first = try SQLiteEngine(path: link)
        let second = try SQLiteEngine(path: directory.file())
        #expect(first.location == second.location)
        let worker = try await Hand(first)
        #expect(try await second.leases().map(\.incarnation) == [worker.incarnation])
        #expect(try await second.leases().first?.counter == 1)
        let names = try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted()
        #expect(names == ["l.db", "relier.db", "relier.db-relier", "relier.db-shm", "relier.db-wal"])
        try await first.close()
        try await second.close()
    }

    @Test func aFileOfTwoNamesIsRefused() async throws {
        try await SQLiteEngine(path: directory.file()).close()
        #expect(link(directory.file(), directory.file("second.db")) == 0)
        for name in ["relier.db", "second.db"] {
            let error = await open(directory.file(name))
            #expect(error?.code == .conflict)
            #expect(error?.message.contains("has 2 names (hard links)") == true)
        }
    }

    @Test func aDirectoryInPlaceOfTheFile() async {
        let error = await open(directory.path)
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("is a directory") == true)
    }

    @Test func aFileThatIsNoDatabase() async throws {
        try Data(String(repeating: "not a database ", count: 500).utf8).write(to: URL(fileURLWithPath: directory.file()))
        let error = await open(directory.file())
        #expect(error?.code == .corrupt)
        #expect(error?.message.contains("is no SQLite database") == true)
    }

    @Test func anotherProgramsDatabaseIsLeftAsItWas() async throws {
        let other = try DatabaseQueue(path: directory.file())
        try await other.write { try $0.execute(sql: "CREATE TABLE theirs (a)") }
        let error = await open(directory.file())
        #expect(error?.code == .corrupt)
        #expect(error?.message.contains("another program") == true)
        let mode = try await other.read { try String.fetchOne($0, sql: "PRAGMA journal_mode") }
        #expect(mode == "delete")
        try other.close()
    }

    @Test func aNewerSchemaIsRefused() async throws {
        try await SQLiteEngine(path: directory.file()).close()
        let queue = try DatabaseQueue(path: directory.file())
        try await queue.write { try $0.execute(sql: "INSERT INTO relier_migration VALUES ('99-future')") }
        try queue.close()
        let error = await open(directory.file())
        #expect(error?.code == .corrupt)
        #expect(error?.message.contains("newer version") == true)
    }

    @Test func aDamagedDatabaseIsReported() async throws {
        let engine = try SQLiteEngine(path: directory.file())
        _ = try await engine.push((0..<200).map { _ in task(payload: "\"\(String(repeating: "x", count: 300))\"") })
        try await engine.close()
        // The last connection that may write moves the write-ahead log into the file when it is closed.
        let last = try DatabaseQueue(path: directory.file())
        _ = try await last.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM task") }
        try last.close()
        let file = try #require(FileHandle(forUpdatingAtPath: directory.file()))
        let size = try file.seekToEnd()
        try file.seek(toOffset: 4096)
        try file.write(contentsOf: Data(repeating: 0xff, count: Int(size) - 4096))
        try file.close()
        let error = await engineError {
            let engine = try SQLiteEngine(path: directory.file())
            _ = try await engine.push([task()])
        }
        #expect(error?.code == .corrupt)
    }

    @Test func aLockedDatabaseIsReportedInTime() async throws {
        try await SQLiteEngine(path: directory.file()).close()
        var configuration = Configuration()
        configuration.allowsUnsafeTransactions = true
        let other = try DatabaseQueue(path: directory.file(), configuration: configuration)
        try await other.writeWithoutTransaction { try $0.execute(sql: "BEGIN EXCLUSIVE") }
        let start = ContinuousClock.now
        let error = await engineError {
            let engine = try SQLiteEngine(path: directory.file(), options: SQLiteOptions(busyTimeout: .milliseconds(200)))
            _ = try await engine.push([task()])
        }
        #expect(error?.code == .busy)
        // Whoever waits without a bound waits for ever.
        #expect(ContinuousClock.now - start < .seconds(60))
        try await other.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
        try other.close()
    }

    // Permission bits do not bind root, so a read-only mount has to do.
    @Test(.enabled(if: Mounts.areAllowed, "this user may not mount file systems"))
    func aReadOnlyPlaceIsReported() async throws {
        let mount = try #require(try ReadOnlyMount(of: directory.path))
        let error = await open("\(mount.path)/relier.db")
        #expect(error?.code == .readOnly)
        withExtendedLifetime(mount) {}
    }

    @Test func manyOpenAtOnce() async throws {
        let path = directory.file()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    let engine = try SQLiteEngine(path: path)
                    _ = try await engine.push([task()])
                    try await engine.close()
                }
            }
            try await group.waitForAll()
        }
        let engine = try SQLiteEngine(path: path)
        #expect(try await engine.queues().first?.queued == 8)
        try await engine.close()
    }

    @Test func aNetworkFileSystemIsRecognised() {
        let table = """
            21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
            40 21 0:35 / /mnt/share rw,relatime shared:20 - nfs4 server:/x rw
            41 40 0:36 / /mnt/share/local\\040disk rw shared:21 - xfs /dev/sdb1 rw
            """
        #expect(FileSystem.of("/srv", mounts: table)?.isNetwork == false)
        #expect(FileSystem.of("/mnt/share/a", mounts: table)?.isNetwork == true)
        #expect(FileSystem.of("/mnt/shared", mounts: table)?.name == "ext4")
        #expect(FileSystem.of("/mnt/share/local disk", mounts: table)?.name == "xfs")
    }

    @Test func aClosedEngineSaysSo() async throws {
        let engine = try SQLiteEngine(path: directory.file())
        try await engine.close()
        try await engine.close()
        #expect(await engineError { _ = try await engine.push([task()]) }?.code == .unavailable)
        #expect(await engineError { _ = try await engine.status(of: [.next()]) }?.code == .unavailable)
    }

    @Test func healthNamesWhatCounts() async throws {
        let engine = try SQLiteEngine(path: directory.file())
        let findings = try await engine.health()
        #expect(Set(findings.map(\.name)).isSuperset(of: ["database", "journal", "durability", "write", "disk", "clock"]))
        #expect(findings.filter { $0.level == .failure }.isEmpty)
        try await engine.close()
    }
}
