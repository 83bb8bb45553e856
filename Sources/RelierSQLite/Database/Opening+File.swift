import Foundation
import GRDB
import Relier

extension Opening {
    /// How long an opener that stands in the gate waits for others that write, before it steps out and comes again.
    private static let gatePatience = Duration.milliseconds(50)

    /// The database of a file, made where there is none, unless the options say otherwise.
    func file() throws(EngineError) -> (Opened, RuntimeDirectory) {
        try checkPath()
        let directory = RuntimeDirectory(for: path)
        try directory.make()
        let deadline = ContinuousClock.now + options.busyTimeout
        do {
            if isReady() { return (try open(directory, patience: options.busyTimeout), directory) }
            while true {
                do {
                    return (try makeReady(directory, until: deadline), directory)
                } catch  where EngineError.from(error, at: location).code == .busy && ContinuousClock.now < deadline {
                    // Somebody writes. Who waits for that holds up no other opener.
                    usleep(5000)
                }
            }
        } catch {
            throw explained(error)
        }
    }

    /// Whether nothing is left to be made: such a database is opened without entering the gate. A failed look says no.
    private func isReady() -> Bool {
        var info = stat()
        guard stat(path, &info) == 0, info.st_size > 0 else { return false }
        do {
            let look = try DatabaseQueue(path: path, configuration: configuration(readOnly: true, patience: BusyPatience(.zero)))
            let answer = try look.read { db in
                let migrator = Schema.migrator
                return try db.row("PRAGMA journal_mode", transform: { $0.text(0) }) == "wal" && migrator.isInUse(db)
                    && !migrator.hasBeenSuperseded(db) && migrator.hasCompletedMigrations(db)
                    && EngineClock.ofThisBoot(options.clock, in: db) != nil
            }
            try look.close()
            return answer
        } catch {
            return false
        }
    }

    private func open(_ directory: RuntimeDirectory, patience: Duration) throws -> Opened {
        let turn = WriteTurn(in: directory)
        let waiting = BusyPatience(patience)
        let pool = try DatabasePool(path: path, configuration: configuration(turn: turn, patience: waiting))
        let clock = try prepare(pool)
        waiting.duration = options.busyTimeout
        try directory.adopt()
        return Opened(database: pool, clock: clock, file: try pool.writeWithoutTransaction(identity), turn: turn)
    }

    /// Makes what is missing, alone: switching a new file to its journal mode does not wait for others by itself.
    private func makeReady(_ directory: RuntimeDirectory, until deadline: ContinuousClock.Instant) throws -> Opened {
        let gate = try enter(directory, until: deadline)
        defer { withExtendedLifetime(gate) {} }
        // Looked at before anything is written: a pool changes the journal mode of whatever it opens.
        var info = stat()
        if stat(path, &info) == 0 && info.st_size > 0 {
            let first = try DatabaseQueue(path: path, configuration: configuration(patience: BusyPatience(Self.gatePatience)))
            try first.read(checkOwner)
            try first.close()
        }
        return try open(directory, patience: min(Self.gatePatience, options.busyTimeout))
    }

    /// Lets one process at a time through.
    private func enter(_ directory: RuntimeDirectory, until deadline: ContinuousClock.Instant) throws(EngineError) -> LockedFile {
        let name = directory.path("opening.lock")
        let descriptor = Foundation.open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0o660)
        if descriptor >= 0 {
            directory.grantAccess(to: descriptor)
            close(descriptor)
        }
        guard let file = LockedFile(existing: name) else {
            let failure = ErrorNumber(value: errno)
            throw EngineError(
                [EROFS, EACCES].contains(failure.value) ? .readOnly : .unavailable,
                "\(name) cannot be written (\(failure)); give this user write permission to that directory")
        }
        while !file.lock() {
            if ContinuousClock.now > deadline {
                let holder = LockHolders.owners(of: name).named
                throw EngineError(
                    .busy,
                    "\(location) is being set up by \(holder ?? "another process, which the kernel does not name"), for \(options.busyTimeout) by now; "
                        + "if that process is stopped, let it go on or end it")
            }
            // A lock of the kernel has no wait with a deadline.
            usleep(1000)
        }
        return file
    }
}
