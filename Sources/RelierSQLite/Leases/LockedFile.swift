import Foundation

/// Repeats a system call that a signal interrupted.
func retryingInterrupts(_ call: () -> Int32) -> Int32 {
    while true {
        let result = call()
        if result >= 0 || errno != EINTR { return result }
    }
}

/// How files are opened: path and flags give a descriptor, or -1 with `errno`. Tests put failures here.
typealias FileOpener = @Sendable (String, Int32) -> Int32

/// An open file with an advisory lock of its own open file description: another one conflicts with it, in the same process too,
/// and the kernel frees it when the last descriptor is closed, at the latest when the process ends.
final class LockedFile: Sendable {
    /// The opener that is no test's.
    static let systemOpener: FileOpener = { path, flags in open(path, flags) }

    let descriptor: Int32

    /// Creates the file and locks it.
    init?(creating path: String) {
        descriptor = retryingInterrupts { open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o660) }
        if descriptor < 0 || !lock() { return nil }
    }

    /// Opens an existing file without locking it.
    init?(existing path: String) {
        descriptor = retryingInterrupts { open(path, O_RDWR | O_CLOEXEC) }
        if descriptor < 0 { return nil }
    }

    /// Opens an existing file for reading, which is enough to see whether somebody has its lock. On failure `errno` says why.
    init?(reading path: String, with opener: FileOpener = LockedFile.systemOpener) {
        descriptor = retryingInterrupts { opener(path, O_RDONLY | O_CLOEXEC) }
        if descriptor < 0 { return nil }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Takes the file's lock, if nobody has it.
    func lock() -> Bool { retryingInterrupts { flock(descriptor, LOCK_EX | LOCK_NB) } == 0 }

    /// Takes a share of the file's lock, if nobody has it whole.
    func lockShared() -> Bool { retryingInterrupts { flock(descriptor, LOCK_SH | LOCK_NB) } == 0 }

    func unlock() { flock(descriptor, LOCK_UN) }

    /// Whether nobody holds even a share of the file's lock.
    func isUnheld() -> Bool {
        guard lock() else { return false }
        unlock()
        return true
    }

    /// Whether nobody holds the file's lock whole. On `false`, `errno` is `EWOULDBLOCK` when somebody does, and anything else when that cannot be told.
    func isUnlocked() -> Bool {
        // Shared, so that two who look at once do not take each other for the holder.
        guard lockShared() else { return false }
        unlock()
        return true
    }

    /// Whether the file still stands at that path. A failed look says yes.
    func isAt(_ path: String) -> Bool {
        var (own, its) = (stat(), stat())
        guard fstat(descriptor, &own) == 0 else { return true }
        if stat(path, &its) != 0 { return errno != ENOENT }
        return own.st_dev == its.st_dev && own.st_ino == its.st_ino
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
