import Foundation
import Relier

/// The directory beside the database that holds lock files and wake-up pipes: `<database>-relier`. Nothing in it outlives a reboot in meaning.
///
/// Whoever may read or write the database may read or write what is in it. Whoever needs it makes it again when somebody has removed it.
struct RuntimeDirectory: Sendable {
    let root: String
    private let database: String

    init(for database: String) {
        root = database + "-relier"
        self.database = database
    }

    /// Makes the directory where there is none, and grants the access that the database grants.
    func make() throws(EngineError) {
        if mkdir(root, 0o770) != 0 && errno != EEXIST {
            let reason = String(cString: strerror(errno))
            throw EngineError(
                errno == EROFS ? .readOnly : .unavailable,
                "the directory \(root) cannot be made (\(reason)); give this user write permission to the directory of the database")
        }
        let descriptor = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        grantAccess(to: descriptor)
    }

    /// The files of this directory that outlive whoever made them.
    private static let lasting = ["opening.lock", "turn.lock"]

    /// Grants the access that a database has which was made after the directory.
    func adopt() throws(EngineError) {
        try make()
        for name in Self.lasting { if let file = LockedFile(reading: path(name)) { grantAccess(to: file.descriptor) } }
    }

    /// Grants the access to the database, past the umask, to a file of this directory. A database that is not there yet grants nothing.
    func grantAccess(to descriptor: Int32) { FileAccess(of: database)?.grant(to: descriptor) }

    func path(_ name: String) -> String { "\(root)/\(name)" }

    /// The files of that suffix; `nil` when the directory cannot be read.
    func names(suffix: String) -> [String]? {
        guard let directory = opendir(root) else { return nil }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name.hasSuffix(suffix) { names.append(name) }
        }
        return names
    }

    /// When the directory last changed, in nanoseconds; 0 when it cannot be read.
    var changed: Int64 {
        var info = stat()
        guard stat(root, &info) == 0 else { return 0 }
        #if os(Linux)
            return Int64(info.st_mtim.tv_sec) * 1_000_000_000 + Int64(info.st_mtim.tv_nsec)
        #else
            return Int64(info.st_mtimespec.tv_sec) * 1_000_000_000 + Int64(info.st_mtimespec.tv_nsec)
        #endif
    }

    /// Makes a file that this process has locked before anybody else can see it under its name. A directory that was removed is made again.
    func createLocked(_ name: String, content: [UInt8]) throws(EngineError) -> LockedFile {
        let temporary = path("\(name).\(getpid()).new")
        var created = LockedFile(creating: temporary)
        if created == nil && errno == ENOENT {
            try make()
            created = LockedFile(creating: temporary)
        }
        guard let file = created else { throw failure(temporary) }
        grantAccess(to: file.descriptor)
        guard content.withUnsafeBytes({ file.write($0, at: 0) }), rename(temporary, path(name)) == 0 else {
            let failure = failure(temporary)
            unlink(temporary)
            throw failure
        }
        return file
    }

    private func failure(_ path: String) -> EngineError {
        let reason = String(cString: strerror(errno))
        return EngineError(
            errno == ENOSPC || errno == EDQUOT ? .full : .unavailable,
            "the file \(path) cannot be made (\(reason)); check the directory's permissions and the disk's free space")
    }

    /// Removes a file that a dead process left.
    /// - Returns: `errno` when this user may not, or it failed; 0 otherwise.
    @discardableResult
    func remove(_ name: String) -> Int32 { unlink(path(name)) == 0 || errno == ENOENT ? 0 : errno }

    /// Removes what a process left half made.
    func sweepHalfMade() {
        for name in names(suffix: ".new") ?? [] {
            if let file = LockedFile(reading: path(name)), file.isUnlocked() { remove(name) }
        }
    }
}
