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

    /// What the clock of this boot is where none is stored: time goes on from the last stored pair of engine and wall time, by what the wall clock
    /// moved since, and never back.
    static func after(_ clock: SQLiteClock, in db: Database) throws -> EngineClock {
        let (boot, stored) = (clock.bootID(), try StoredTime(db))
        // With the wrong boot the clock of all processes would be set anew.
        if boot == SQLiteClock.unknownBoot, let known = stored.boot, known != boot {
            throw EngineError(
                .unavailable, "the boot id of this machine cannot be read from /proc/sys/kernel/random/boot_id; mount /proc and start again"
            )
        }
        let (bootNow, wallNow) = (clock.bootTime(), clock.wallTime())
        var start = wallNow
        if let engine = stored.engine, let wall = stored.wall { start = engine + max(0, wallNow - wall) }
        return EngineClock(clock: clock, offset: start - bootNow, boot: boot)
    }

    /// The clock of this boot, made on its first opening. Call it in a write transaction.
    static func load(_ clock: SQLiteClock, in db: Database) throws -> EngineClock {
        if let known = try ofThisBoot(clock, in: db) { return known }
        let fresh = try after(clock, in: db)
        let insert = "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
        try db.run(insert, .text("boot"), .text(fresh.boot))
        try db.run(insert, .text("offset"), .int(fresh.offset))
        try fresh.persist(in: db)
        return fresh
    }

    /// What the database says of time.
    private struct StoredTime {
        var boot: String?
        var offset, engine, wall: Int64?

        init(_ db: Database) throws {
            let stored = try Dictionary(
                uniqueKeysWithValues: db.rows("SELECT name, value FROM meta WHERE name IN ('boot', 'offset', 'engine', 'wall')") {
                    ($0.text(0), $0.text(1))
                })
            boot = stored["boot"]
            (offset, engine, wall) = (
                stored["offset"].flatMap(Int64.init), stored["engine"].flatMap(Int64.init), stored["wall"].flatMap(Int64.init)
            )
        }
    }

    /// Stores the pair that the next boot goes on from.
    func persist(in db: Database) throws {
        let insert = "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
        try db.run(insert, .text("engine"), .time(now))
        try db.run(insert, .text("wall"), .int(wall))
    }
}
