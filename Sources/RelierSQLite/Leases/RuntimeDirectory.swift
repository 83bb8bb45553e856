import Foundation
import Relier

/// The directory beside the database that holds lock files and wake-up pipes: `<database>-relier`. Nothing in it outlives a reboot in meaning.
struct RuntimeDirectory: Sendable {
    let root: String

    init(for database: String) throws(EngineError) {
        root = database + "-relier"
        if mkdir(root, 0o770) != 0 && errno != EEXIST {
            let reason = String(cString: strerror(errno))
            throw EngineError(
                errno == EROFS ? .readOnly : .unavailable,
                "the directory \(root) cannot be made (\(reason)); give this user write permission to the directory of the database")
        }
    }

    func path(_ name: String) -> String { "\(root)/\(name)" }

    /// The files of that suffix.
    func names(suffix: String) -> [String] {
        guard let directory = opendir(root) else { return [] }
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

    /// Makes a file that this process has locked before anybody else can see it under its name.
    func createLocked(_ name: String, content: [UInt8]) throws(EngineError) -> LockedFile {
        let temporary = path("\(name).\(getpid()).new")
        guard let file = LockedFile(creating: temporary) else { throw failure(temporary) }
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

    /// Removes what a process left half made.
    func sweepHalfMade() {
        for name in names(suffix: ".new") {
            if let file = LockedFile(existing: path(name)), file.isUnlocked() { unlink(path(name)) }
        }
    }
}

/// An open file with an advisory lock of its own open file description: another one conflicts with it, in the same process too,
/// and the kernel frees it when the last descriptor is closed, at the latest when the process ends.
final class LockedFile: Sendable {
    let descriptor: Int32

    /// Creates the file and locks it.
    init?(creating path: String) {
        descriptor = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o660)
        if descriptor < 0 { return nil }
        if flock(descriptor, LOCK_EX | LOCK_NB) != 0 { return nil }
    }

    /// Opens an existing file without locking it.
    init?(existing path: String) {
        descriptor = open(path, O_RDWR | O_CLOEXEC)
        if descriptor < 0 { return nil }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Takes the file's lock, if nobody has it.
    func lock() -> Bool { flock(descriptor, LOCK_EX | LOCK_NB) == 0 }

    /// Takes a share of the file's lock, if nobody has it whole.
    func lockShared() -> Bool { flock(descriptor, LOCK_SH | LOCK_NB) == 0 }

    func unlock() { flock(descriptor, LOCK_UN) }

    /// Whether nobody holds even a share of the file's lock.
    func isUnheld() -> Bool {
        guard lock() else { return false }
        unlock()
        return true
    }

    /// Whether nobody holds the file's lock whole.
    func isUnlocked() -> Bool {
        // Shared, so that two who look at once do not take each other for the holder.
        guard lockShared() else { return false }
        unlock()
        return true
    }

    func read(count: Int, at offset: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            initialized = max(0, pread(descriptor, buffer.baseAddress, count, off_t(offset)))
        }
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Bool {
        pwrite(descriptor, bytes.baseAddress, bytes.count, off_t(offset)) == bytes.count
    }
}
