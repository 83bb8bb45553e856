import Foundation
import Relier
import RelierSQLite
import RelierTesting
import Testing

@Suite("A clock that tests move")
struct TestClockTests {
    @Test("stands still, and moves by what it is told")
    func moves() async throws {
        let clock = TestClock(date: Date(timeIntervalSince1970: 1000))
        let engine = try SQLiteEngine.inMemory(options: SQLiteOptions(clock: clock.sqlite))
        let start = try await engine.now()
        #expect(try await engine.now() == start)
        clock.advance(by: .seconds(90))
        #expect(try await engine.now() == start + .seconds(90))
        #expect(clock.date == Date(timeIntervalSince1970: 1090))
        clock.jumpWallClock(by: .seconds(-60))
        #expect(clock.date == Date(timeIntervalSince1970: 1030))
        #expect(try await engine.now() == start + .seconds(90))
        clock.advance(by: .seconds(-5))
        #expect(try await engine.now() == start + .seconds(90))
        try await engine.close()
    }

    @Test("a reboot is another boot, and time goes on")
    func reboots() {
        let clock = TestClock(date: Date(timeIntervalSince1970: 1000))
        let before = clock.sqlite.bootID()
        clock.reboot(downtime: .seconds(20))
        #expect(clock.sqlite.bootID() != before)
        #expect(clock.date == Date(timeIntervalSince1970: 1020))
    }
}
