import Foundation

/// A process that holds a lock on one of the database's files, as the kernel tells it.
struct LockHolder: Sendable, Hashable, CustomStringConvertible {
    let process: Int32

    /// For people: `process 4711 (shop)`.
    var description: String {
        if process == getpid() { return "another connection of this process" }
        let name = try? String(contentsOfFile: "/proc/\(process)/comm", encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
        return "process \(process)" + (name.map { " (\($0))" } ?? "")
    }
}

/// Who holds locks on the database's files. Read from `/proc/locks`, since no file may be opened for it: closing any descriptor of a file drops the
/// locks that SQLite has on that file in this process. Nobody is named where the kernel does not tell.
enum LockHolders {
    /// The bytes of `<database>-shm` that SQLite locks in a write transaction and while a reader uses the log.
    private static let writeByte: Int64 = 120
    private static let readBytes: ClosedRange<Int64> = 123...127
    /// The byte that every connection to the log keeps locked.
    private static let openByte: Int64 = 128
    /// The bytes of the database itself that a writer without a log locks.
    private static let reservedBytes: ClosedRange<Int64> = 0x4000_0000...0x4000_0001

    /// Who is in a write transaction.
    static func writers(of path: String, locks table: String? = nil) -> [LockHolder] {
        let logged = holders(of: path + "-shm", bytes: writeByte...writeByte, locked: ["WRITE"], in: table)
        return logged.isEmpty ? holders(of: path, bytes: reservedBytes, locked: ["WRITE"], in: table) : logged
    }

    /// Who is in a read transaction.
    static func readers(of path: String, locks table: String? = nil) -> [LockHolder] {
        holders(of: path + "-shm", bytes: readBytes, locked: ["READ"], in: table)
    }

    /// Who has the database open.
    static func users(of path: String, locks table: String? = nil) -> [LockHolder] {
        holders(of: path + "-shm", bytes: openByte...openByte, locked: ["READ", "WRITE"], in: table)
    }

    /// Who has locked a whole file.
    static func owners(of path: String, locks table: String? = nil) -> [LockHolder] {
        holders(of: path, bytes: nil, locked: ["WRITE", "READ"], in: table)
    }

    /// How often the kernel's table is read before nobody is named: it comes in pieces, and lines are missed while others change it.
    private static let looks = 3

    /// - Parameter bytes: whose locks on bytes count; `nil` for locks on the whole file, which are of another kind.
    private static func holders(of path: String, bytes: ClosedRange<Int64>?, locked: Set<String>, in table: String?) -> [LockHolder] {
        var info = stat()
        guard stat(path, &info) == 0 else { return [] }
        let file = name(of: info)
        if let table { return holders(of: file, bytes, locked, table) }
        for _ in 0..<looks {
            guard let table = try? String(contentsOfFile: "/proc/locks", encoding: .utf8) else { return [] }
            let found = holders(of: file, bytes, locked, table)
            if !found.isEmpty { return found }
        }
        return []
    }

    /// Looks a file up in a table of locks, as `proc_locks(5)` describes it.
    private static func holders(of file: String, _ bytes: ClosedRange<Int64>?, _ locked: Set<String>, _ table: String) -> [LockHolder] {
        var found: [LockHolder] = []
        for line in table.split(separator: "\n") {
            // `2: POSIX  ADVISORY  WRITE 15205 fe:00:16220324 120 120`; one that only waits has `->` behind its number.
            let fields = line.split(separator: " ")
            guard fields.count == 8, fields[1] == (bytes == nil ? "FLOCK" : "POSIX"), locked.contains(String(fields[3])), fields[5] == file,
                let process = Int32(fields[4]), process > 0, let first = Int64(fields[6])
            else { continue }
            let last = fields[7] == "EOF" ? Int64.max : Int64(fields[7]) ?? first
            if let bytes, !bytes.overlaps(first...max(first, last)) { continue }
            let holder = LockHolder(process: process)
            if !found.contains(holder) { found.append(holder) }
        }
        return found
    }

    /// As the table names files: device numbers in hexadecimal, and the inode.
    private static func name(of info: stat) -> String {
        let device = UInt64(info.st_dev)
        let major = (device >> 8) & 0xfff | (device >> 32) & ~0xfff
        let minor = device & 0xff | (device >> 12) & ~0xff
        func hex(_ number: UInt64) -> String { (number < 16 ? "0" : "") + String(number, radix: 16) }
        return "\(hex(major)):\(hex(minor)):\(info.st_ino)"
    }
}

extension [LockHolder] {
    /// For a line: the holders, the first three of many; `nil` where nobody is known.
    var named: String? {
        if isEmpty { return nil }
        let more = count > 3 ? " and \(count - 3) more" : ""
        return prefix(3).map(\.description).joined(separator: ", ") + more
    }
}
