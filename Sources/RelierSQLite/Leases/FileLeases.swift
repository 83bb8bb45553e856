import Foundation
import Logging
import Relier
import Synchronization

/// Leases as files beside the database, one an incarnation, locked by its process for its life: the kernel frees the lock the moment the process
/// is gone, whatever it had started.
///
/// What a look says: the process is gone when the lock can be taken or the file is from another boot. A file that is missing tells of no death, since
/// its holder makes it again at its next renewal; it counts as a counter that stands at 0. Any look that fails leaves counter and holder unknown.
final class FileLeases: LeaseBook {
    let directory: RuntimeDirectory
    private let boot: String
    /// The file that this process has open.
    private let database: DatabaseFile.Identity?
    private let opener: FileOpener
    private let logger: Logger
    private let unseen: UnseenLeases

    /// - Parameter opener: opens the lease files of others.
    init(
        in directory: RuntimeDirectory, boot: String, database: DatabaseFile.Identity?, logger: Logger,
        opener: @escaping FileOpener = LockedFile.systemOpener
    ) {
        self.directory = directory
        self.boot = boot
        self.database = database
        self.opener = opener
        self.logger = logger
        unseen = UnseenLeases(logger: logger)
    }

    private func name(_ incarnation: Incarnation) -> String { "\(incarnation).lease" }

    func open(_ incarnation: Incarnation) throws(EngineError) -> any Lease {
        try FileLease(name(incarnation), in: directory, boot: boot, database: database)
    }

    func state(of incarnation: Incarnation) -> LeaseState {
        let path = directory.path(name(incarnation))
        func unknown(_ cause: String, _ remedy: String) -> LeaseState {
            unseen.note(incarnation, at: path, cause: cause, remedy: remedy)
            return LeaseState(counter: nil, holder: .unknown)
        }
        guard let file = LockedFile(reading: path, with: opener) else {
            let failure = ErrorNumber(value: errno)
            if failure.value == ENOENT { return LeaseState(counter: LeaseContent.missingCounter, holder: .unknown) }
            return unknown("\(failure)", failure.remedy)
        }
        let content = LeaseContent(file)
        if file.isUnlocked() { return LeaseState(counter: content?.counter, holder: .gone) }
        let failure = ErrorNumber(value: errno)
        guard failure.value == EWOULDBLOCK else { return unknown("\(failure)", failure.remedy) }
        guard let content else {
            return unknown("its content is not a lease of this version", "restart the worker that holds it")
        }
        let holder: LeaseState.Holder = SQLiteClock.differ(content.boot, boot) ? .gone : .alive
        return LeaseState(counter: content.counter, holder: holder, stuck: Int(content.stuck))
    }

    /// The processes that hold a lease and have another file open than this one: it was replaced or removed under them.
    func processesOnAnotherFile() -> [Int32] {
        let processes = (directory.names(suffix: ".lease") ?? []).compactMap { name -> Int32? in
            guard let file = LockedFile(reading: directory.path(name)), let content = LeaseContent(file), content.database != database,
                !file.isUnlocked(), errno == EWOULDBLOCK
            else { return nil }
            return content.process
        }
        return Set(processes).sorted()
    }

    func remove(_ incarnation: Incarnation) { remove(name(incarnation)) }

    private func remove(_ name: String) {
        let failure = directory.remove(name)
        if failure != 0 { logger.debug("\(directory.path(name)) is left over and cannot be removed (\(ErrorNumber(value: failure)))") }
    }

    /// Removes the files of dead incarnations that are not joined.
    func sweep(keeping joined: Set<Incarnation>) {
        unseen.keep(joined)
        for name in directory.names(suffix: ".lease") ?? [] {
            guard let incarnation = Incarnation(String(name.dropLast(".lease".count))), !joined.contains(incarnation),
                let file = LockedFile(reading: directory.path(name)), file.isUnlocked()
            else { continue }
            remove(name)
        }
    }
}

/// A lease whose file this process has locked.
final class FileLease: Lease {
    private struct State {
        var file: LockedFile?
        var counter: UInt64 = 1
        var stuck: UInt32 = 0
    }
    private let state: Mutex<State>
    private let directory: RuntimeDirectory
    private let name: String
    private let boot: String
    private let database: DatabaseFile.Identity?

    init(_ name: String, in directory: RuntimeDirectory, boot: String, database: DatabaseFile.Identity?) throws(EngineError) {
        let content = LeaseContent(counter: 1, stuck: 0, boot: boot, database: database)
        state = Mutex(State(file: try directory.createLocked(name, content: content.bytes)))
        self.directory = directory
        self.name = name
        self.boot = boot
        self.database = database
    }

    func advance(stuck: Int) throws(EngineError) {
        let result = state.withLock { state -> Result<Void, EngineError> in
            guard let file = state.file else { return .failure(unwritten()) }
            let (counter, stuck) = (state.counter + 1, UInt32(clamping: stuck))
            do throws(EngineError) {
                if file.isAt(directory.path(name)) {
                    directory.grantAccess(to: file.descriptor)
                    guard LeaseContent.write(counter: counter, stuck: stuck, to: file) else { throw unwritten() }
                } else {
                    // Somebody has removed the file, or the whole directory.
                    let content = LeaseContent(counter: counter, stuck: stuck, boot: boot, database: database)
                    state.file = try directory.createLocked(name, content: content.bytes)
                }
            } catch {
                return .failure(error)
            }
            (state.counter, state.stuck) = (counter, stuck)
            return .success(())
        }
        try result.get()
    }

    private func unwritten() -> EngineError {
        EngineError(.unavailable, "the lease file \(directory.path(name)) cannot be written; the lease was not renewed")
    }

    func end() { state.withLock { $0.file = nil } }

    var isOver: Bool { state.withLock { $0.file == nil } }
}
