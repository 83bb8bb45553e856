import Foundation
import GRDB
import Logging
public import Relier
import Synchronization

/// The embedded engine: a file that many processes of one machine share, or a database in memory for tests.
///
/// Beside the file `relier.db` stand `relier.db-wal`, `relier.db-shm` and the directory `relier.db-relier` with lock files and wake-up pipes;
/// all of them belong together. With ``SQLiteOptions/Durability/durable`` what a call accepted survives the loss of power.
///
/// A process's writes go through one thread, many of them in one transaction. A worker's death is known the moment the kernel frees the lock of
/// its lease file; a reboot ends every lease.
public final class SQLiteEngine: Engine {
    public let location: String
    /// `nil` in memory.
    let path: String?
    let options: SQLiteOptions
    let clock: EngineClock
    let database: any DatabaseWriter
    /// `nil` in memory.
    let file: DatabaseFile?
    let writer: Writer
    let leaseBook: any LeaseBook
    let stations: Stations?
    let hub: WaitHub
    let bell: Bell
    let profiles: ProfileCache
    let transactions: UserTransactions
    /// For a database in memory, its only connection.
    let memoryConnection: UInt?
    private let opening: Opening
    private let held = Mutex(Held())

    /// What closing must give back.
    private struct Held {
        var leases: [Incarnation: any Lease] = [:]
        var readers: [Incarnation: any DatabaseReader] = [:]
        var lastSweep: ContinuousClock.Instant?
        var closed = false
    }

    /// Opens the database at a path, and makes it unless the options forbid that.
    ///
    /// - Throws: `unavailable` when there is no database, no directory, or the file system is a network's; `conflict` when the file has several names (hard
    ///   links); `busy` when another program holds it for
    ///   longer than ``SQLiteOptions/busyTimeout``; `readOnly`; `corrupt` when the file is damaged, another program's, or a newer Relier's; `full`.
    public convenience init(path: String, options: SQLiteOptions = SQLiteOptions()) throws(EngineError) {
        let opening = Opening(path: path, options: options)
        let (opened, directory) = options.readOnly ? try opening.look() : try opening.file()
        let leases = FileLeases(in: directory, boot: opened.clock.boot, database: opened.file, logger: options.logger)
        try self.init(
            opening: opening, opened: opened, location: opening.location, path: opening.path, leases: leases,
            // Who only looks leaves no trace in the directory.
            stations: options.readOnly ? nil : Stations(in: directory, own: TaskID.next().description))
    }

    /// A database that this object alone sees, gone with it. For tests: the same code on `:memory:`.
    public static func inMemory(options: SQLiteOptions = SQLiteOptions()) throws(EngineError) -> SQLiteEngine {
        let opening = Opening(path: "memory", options: options)
        return try SQLiteEngine(
            opening: opening, opened: try opening.memory(), location: "sqlite in memory", path: nil, leases: MemoryLeases(), stations: nil)
    }

    private init(
        opening: Opening, opened: Opening.Opened, location: String, path: String?, leases: any LeaseBook, stations: Stations?
    ) throws(EngineError) {
        self.opening = opening
        self.location = location
        self.path = path
        self.options = opening.options
        self.leaseBook = leases
        self.stations = stations
        let clock = opened.clock
        let database = opened.database
        let file = opened.file.map { DatabaseFile($0, path: opening.path, options: opening.options) }
        self.file = file
        let retention = opening.options.retention
        self.clock = clock
        self.database = database
        let hub = WaitHub()
        self.hub = hub
        let profiles = ProfileCache()
        self.profiles = profiles
        let bell = Bell(
            hub: hub, stations: stations, logger: opening.options.logger,
            ended: { ids in try database.readOneState { try $0.ended(among: ids) } },
            outlook: { incarnation, queues in
                try database.readOneState { try $0.outlook(for: incarnation, queues: queues, profiles: profiles, clock: clock) }
            })
        self.bell = bell
        writer = try Writer(
            database: database, file: file, location: location, turn: opened.turn, refusal: opening.options.refusal(at: location),
            makeStore: { db in try Store(db, clock: clock, retention: retention, leases: leases) },
            committed: { effects in
                if effects.isEmpty { return }
                for incarnation in effects.leftLeases { leases.remove(incarnation) }
                bell.committed(effects)
            })
        transactions = UserTransactions(
            location: location, file: file, logger: opening.options.logger,
            open: { () throws(EngineError) in
                if path == nil { return UserTransactions.Connection(database: database, isShared: true, turn: nil) }
                return try opening.userConnection()
            },
            makeStore: { db in try Store(db, clock: clock, retention: retention, leases: leases, cached: true) },
            committed: { effects in bell.committed(effects) })
        memoryConnection = opened.memoryConnection
    }

    /// The store of a transaction that is not the writer's.
    func transactionStore(_ db: Database) throws -> Store {
        try Store(db, clock: clock, retention: options.retention, leases: leaseBook, cached: true)
    }

    deinit { shutDown() }

    /// Runs a query on a connection of its own; it sees the last commit and never waits for writers.
    func read<T: Sendable>(_ body: @escaping @Sendable (Database) throws -> T) async throws(EngineError) -> T {
        let location = location
        try file?.check()
        let result: Result<T, EngineError> = await withCheckedContinuation { continuation in
            database.asyncReadOneState { access in
                do {
                    continuation.resume(returning: .success(try body(access.get())))
                } catch {
                    continuation.resume(returning: .failure(EngineError.from(error, at: location)))
                }
            }
        }
        return try result.get()
    }

    public func now() async throws(EngineError) -> EngineTime { clock.now }

    public func close() async throws(EngineError) {
        await withCheckedContinuation { continuation in
            let end = { @Sendable [self] in
                shutDown()
                continuation.resume()
            }
            // Without a thread it is done here, where it holds up others for as long as the writes under way take.
            do { try POSIXThread.start("relier-sqlite-end", end) } catch { end() }
        }
    }

    /// Ends the threads, then the leases, then the connections. Blocks until the writes under way are committed.
    private func shutDown() {
        let (leases, readers) = held.withLock { held -> ([any Lease], [any DatabaseReader]) in
            if held.closed { return ([], []) }
            held.closed = true
            defer {
                held.leases = [:]
                held.readers = [:]
            }
            return (Array(held.leases.values), Array(held.readers.values))
        }
        transactions.close()
        writer.close()
        bell.close()
        for lease in leases { lease.end() }
        for reader in readers { close(reader) }
        close(database)
    }

    private func close(_ reader: any DatabaseReader) {
        do { try reader.close() } catch { options.logger.debug("\(location): closing a connection failed: \(error)") }
    }

    // Workers

    public func join(_ worker: WorkerInfo) async throws(EngineError) -> any LeaseHolder {
        if worker.lease <= .zero {
            throw EngineError(.failed, "the lease of \(worker.name) is \(worker.lease); it must be more than zero")
        }
        if let refusal = options.refusal(at: location) { throw refusal }
        try file?.check()
        let lease = try leaseBook.open(worker.incarnation)
        do {
            // Its own connection: no query of this process may hold up a renewal.
            let reader = path == nil ? database : try opening.reader()
            let number = try await writer.perform { try $0.join(worker) }
            held.withLock { held in
                held.leases[worker.incarnation] = lease
                if path != nil { held.readers[worker.incarnation] = reader }
            }
            return SQLiteLeaseHolder(
                worker.incarnation, number: number, lease: lease, reader: reader, writer: writer, file: file, location: location)
        } catch {
            if error.code != .conflict {
                lease.end()
                leaseBook.remove(worker.incarnation)
            }
            throw error
        }
    }

    public func leave(_ incarnation: Incarnation) async throws(EngineError) {
        try await writer.perform { try $0.leave(incarnation) }
        endLease(of: incarnation)
    }

    private func endLease(of incarnation: Incarnation) {
        let (lease, reader) = held.withLock { held in
            (held.leases.removeValue(forKey: incarnation), held.readers.removeValue(forKey: incarnation))
        }
        lease?.end()
        if let reader { close(reader) }
    }

    /// Ends the lease of an incarnation as the death of its process would. For tests.
    package func simulateDeath(of incarnation: Incarnation) { endLease(of: incarnation) }

    /// Removes, now and then, what dead processes left beside the database.
    func sweepFiles() async throws(EngineError) {
        guard let files = leaseBook as? FileLeases, let stations else { return }
        let isTime = held.withLock { held in
            let now = ContinuousClock.now
            if let last = held.lastSweep, now - last < .seconds(30) { return false }
            held.lastSweep = now
            return true
        }
        guard isTime else { return }
        let joined = try await read { db in
            try db.rows("SELECT uuid FROM worker JOIN incarnation USING (number)") { $0.id(0, as: Incarnation.self) }
        }
        files.sweep(keeping: Set(joined))
        files.directory.sweepHalfMade()
        stations.sweep()
    }
}
