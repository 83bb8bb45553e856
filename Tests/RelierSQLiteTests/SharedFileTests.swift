import Foundation
import GRDB
import Relier
import Testing

@testable import RelierSQLite

/// One file for Relier and for the user's own tables and migrations.
@Suite struct SharedFileTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        // The first has the name of one of Relier's.
        migrator.registerMigration("1-tasks") { try $0.execute(sql: "CREATE TABLE chores (id INTEGER PRIMARY KEY)") }
        migrator.registerMigration("2-more") { try $0.execute(sql: "ALTER TABLE chores ADD COLUMN note TEXT") }
        return migrator
    }

    @Test(arguments: [true, false]) func migrationsOfBothSidesCoexist(userFirst: Bool) async throws {
        let pool = try DatabasePool(path: directory.file())
        let options = SQLiteOptions(sharesFile: true)
        if userFirst { try migrator.migrate(pool) }
        let engine = try SQLiteEngine(path: directory.file(), options: options)
        if !userFirst { try migrator.migrate(pool) }
        #expect(try await engine.push([task()]) == [.accepted])
        try await pool.write { try $0.execute(sql: "INSERT INTO chores (note) VALUES ('x')") }
        try await engine.close()
        // Each finds its own, and no newer version of itself.
        let again = try SQLiteEngine(path: directory.file())
        #expect(try await again.queues().first?.queued == 1)
        try await again.close()
        #expect(try await pool.read(migrator.hasCompletedMigrations))
        #expect(try await !pool.read(migrator.hasBeenSuperseded))
    }

    @Test func theUsersMarkStays() async throws {
        let queue = try DatabaseQueue(path: directory.file())
        try await queue.write { db in
            try db.execute(sql: "PRAGMA application_id = 4711; CREATE TABLE chores (id INTEGER PRIMARY KEY)")
        }
        let engine = try SQLiteEngine(path: directory.file(), options: SQLiteOptions(sharesFile: true))
        #expect(try await engine.push([task()]) == [.accepted])
        try await engine.close()
        #expect(try await queue.read { try Int.fetchOne($0, sql: "PRAGMA application_id") } == 4711)
    }

    @Test func anotherProgramsFileIsNotJoinedUnasked() async throws {
        let queue = try DatabaseQueue(path: directory.file())
        try await queue.write { try $0.execute(sql: "CREATE TABLE chores (id INTEGER PRIMARY KEY)") }
        let error = await engineError { _ = try SQLiteEngine(path: directory.file()) }
        #expect(error?.code == .corrupt)
        #expect(error?.message.contains("RELIER_SQLITE_FILE=shared") == true)
        #expect(try await queue.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM sqlite_master") } == 1)
    }

    @Test func aNameThatBothNeedIsNamed() async throws {
        let queue = try DatabaseQueue(path: directory.file())
        try await queue.write { try $0.execute(sql: "CREATE TABLE Task (id INTEGER PRIMARY KEY)") }
        let error = await engineError { _ = try SQLiteEngine(path: directory.file(), options: SQLiteOptions(sharesFile: true)) }
        #expect(error?.code == .conflict)
        #expect(error?.message.contains("needs the name task for itself") == true)
        #expect(try await queue.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM sqlite_master") } == 1)
    }

    @Test func operatorsJoinNothing() async throws {
        let queue = try DatabaseQueue(path: directory.file())
        try await queue.write { try $0.execute(sql: "CREATE TABLE chores (id INTEGER PRIMARY KEY)") }
        let options = SQLiteOptions(create: false, sharesFile: true)
        let error = await engineError { _ = try SQLiteEngine(path: directory.file(), options: options) }
        #expect(error?.code == .unavailable)
        #expect(try await queue.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM sqlite_master") } == 1)
        try await SQLiteEngine(path: directory.file(), options: SQLiteOptions(sharesFile: true)).close()
        try await SQLiteEngine(path: directory.file(), options: options).close()
    }
}
