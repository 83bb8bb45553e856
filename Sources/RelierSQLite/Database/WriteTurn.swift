import Foundation
import Synchronization

/// Lets processes that write to one database take turns. SQLite has no queue for its write lock, and who waits only looks now and then:
/// a process with always more to write would win every time.
///
/// Who waits for the lock holds a shared lock on a file of its own; who has just committed lets such a one go first, for a millisecond at most.
/// The kernel frees the lock of a process that dies while it waits.
final class WriteTurn: Sendable {
    private let marker: LockedFile
    private let probe: LockedFile
    private let isBeginning = Atomic<Bool>(false)
    private let isRaised = Atomic<Bool>(false)

    init?(in directory: RuntimeDirectory) {
        let path = directory.path("turn.lock")
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o660)
        if descriptor < 0 { return nil }
        directory.grantAccess(to: descriptor)
        close(descriptor)
        guard let marker = LockedFile(existing: path), let probe = LockedFile(existing: path) else { return nil }
        self.marker = marker
        self.probe = probe
    }

    /// Gives way to those who wait, then carries out `begin`, which may wait itself.
    func take(_ begin: () throws -> Void) rethrows {
        // At most 1 ms: a waiter that does not come must not hold this process up.
        for _ in 0..<10 where !probe.isUnheld() { usleep(100) }
        isBeginning.store(true, ordering: .relaxed)
        defer {
            isBeginning.store(false, ordering: .relaxed)
            if isRaised.exchange(false, ordering: .relaxed) { marker.unlock() }
        }
        try begin()
    }

    /// The database is locked by another process.
    func isWaiting() {
        guard isBeginning.load(ordering: .relaxed), !isRaised.load(ordering: .relaxed) else { return }
        if marker.lockShared() { isRaised.store(true, ordering: .relaxed) }
    }
}
