import Foundation
import GRDB
import Relier

/// The engine's clock: the boot clock plus an offset that all processes of one boot share and that a reboot renews so that time goes on.
struct EngineClock: Sendable {
    let clock: SQLiteClock
    /// Microseconds to add to the boot clock.
    let offset: Int64
    let boot: String

    var now: EngineTime { EngineTime(microseconds: clock.bootTime() + offset) }
    var wall: Int64 { clock.wallTime() }

    /// The clock that a program of this boot has stored; `nil` where none has.
    static func ofThisBoot(_ clock: SQLiteClock, in db: Database) throws -> EngineClock? {
        let (boot, stored) = (clock.bootID(), try StoredTime(db))
        guard stored.boot == boot, let offset = stored.offset else { return nil }
        return EngineClock(clock: clock, offset: offset, boot: boot)
    }

    /// The longest time that a boot may add by the wall clock alone. A machine that starts with a wall clock years ahead would end keys, delays and
    /// dead letters for good; time that is withheld wrongly only lets them last longer, and can be added later.
    static let longestJump = Duration.days(30)

    /// What the clock of this boot is where none is stored: time goes on from the last stored pair of engine and wall time, by what the wall clock
    /// moved since, and never back. A longer way than ``longestJump`` is not gone.
    static func after(_ clock: SQLiteClock, in db: Database) throws -> EngineClock { try following(clock, StoredTime(db)).clock }

    private static func following(_ clock: SQLiteClock, _ stored: StoredTime) throws -> (clock: EngineClock, withheld: Int64) {
        let boot = clock.bootID()
        // With the wrong boot the clock of all processes would be set anew.
        if boot == SQLiteClock.unknownBoot, let known = stored.boot, known != boot {
            throw EngineError(
                .unavailable, "the boot id of this machine cannot be read from /proc/sys/kernel/random/boot_id; mount /proc and start again"
            )
        }
        let (bootNow, wallNow) = (clock.bootTime(), clock.wallTime())
        guard let engine = stored.engine, let wall = stored.wall else {
            return (EngineClock(clock: clock, offset: wallNow - bootNow, boot: boot), 0)
        }
        let moved = wallNow - wall
        let isTooFar = moved > longestJump.microseconds
        let start = engine + (isTooFar ? 0 : max(0, moved))
        // A wall clock that comes back takes back what was withheld for its way ahead.
        let withheld = max(0, (stored.withheld ?? 0) + (isTooFar ? moved : min(0, moved)))
        return (EngineClock(clock: clock, offset: start - bootNow, boot: boot), withheld)
    }

    private static let store = "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"

    /// The clock of this boot, made on its first opening. Call it in a write transaction.
    static func load(_ clock: SQLiteClock, in db: Database) throws -> EngineClock {
        if let known = try ofThisBoot(clock, in: db) { return known }
        let (fresh, withheld) = try following(clock, StoredTime(db))
        try db.run(store, .text("boot"), .text(fresh.boot))
        try db.run(store, .text("offset"), .int(fresh.offset))
        try db.run(store, .text("withheld"), .int(withheld))
        try fresh.persist(in: db)
        return fresh
    }

    /// How much time boots have not added; microseconds.
    static func withheld(in db: Database) throws -> Int64 { try StoredTime(db).withheld ?? 0 }

    /// Adds what boots have withheld, for all who open the database from now on. Call it in a write transaction.
    /// - Returns: how much that was.
    func addWithheld(in db: Database) throws -> Duration {
        let withheld = try Self.withheld(in: db)
        if withheld == 0 { return .zero }
        let later = EngineClock(clock: clock, offset: offset + withheld, boot: boot)
        try db.run(Self.store, .text("offset"), .int(later.offset))
        try db.run(Self.store, .text("withheld"), .int(0))
        try later.persist(in: db)
        return .microseconds(withheld)
    }

    /// What the database says of time.
    private struct StoredTime {
        var boot: String?
        var offset, engine, wall, withheld: Int64?

        init(_ db: Database) throws {
            let stored = try Dictionary(
                uniqueKeysWithValues: db.rows("SELECT name, value FROM meta WHERE name IN ('boot', 'offset', 'engine', 'wall', 'withheld')")
                {
                    ($0.text(0), $0.text(1))
                })
            boot = stored["boot"]
            func number(_ name: String) -> Int64? { stored[name].flatMap(Int64.init) }
            (offset, engine, wall, withheld) = (number("offset"), number("engine"), number("wall"), number("withheld"))
        }
    }

    /// Stores the pair that the next boot goes on from.
    func persist(in db: Database) throws {
        try db.run(Self.store, .text("engine"), .time(now))
        try db.run(Self.store, .text("wall"), .int(wall))
    }
}
