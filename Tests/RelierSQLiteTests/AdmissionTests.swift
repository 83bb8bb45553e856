import Foundation
import Relier
import Testing

@testable import RelierSQLite

@Suite struct AdmissionTests {
    let directory: TemporaryDirectory
    let hand = HandClock()
    let policy = AdmissionPolicy(limit: 2, window: .minutes(10))

    init() throws { directory = try TemporaryDirectory() }

    private func open() throws -> SQLiteEngine { try SQLiteEngine(path: directory.file(), options: SQLiteOptions(clock: hand.clock)) }

    private func retryAfter(_ engine: SQLiteEngine) async throws -> Duration? {
        guard case .rejected(let rejection) = try await engine.push([task()], admission: policy)[0] else { return nil }
        return rejection.retryAfter
    }

    /// What the wall clock says of the time that the machine was off is not believed: only time that a boot clock counted ends a window.
    @Test(arguments: [Duration.days(400), .minutes(3), .zero, .days(-400)])
    func aRestartOfTheMachineAdmitsNoMoreThanTheLimit(downtime: Duration) async throws {
        let first = try open()
        #expect(try await first.push([task()], admission: policy) == [.accepted])
        hand.advance(.minutes(4))
        #expect(try await first.push([task()], admission: policy) == [.accepted])
        try await first.close()
        hand.change {
            $0.boot = Duration.seconds(5).microseconds
            $0.wall += downtime.microseconds
            $0.bootID = "boot-2"
        }
        hand.advance(.seconds(55))
        let second = try open()
        // Four minutes before the restart and one since.
        #expect(try await retryAfter(second) == .minutes(5))
        #expect(try await second.admission().window?.admitted == 2)
        hand.advance(.minutes(5))
        #expect(try await second.push([task(), task()], admission: policy) == [.accepted, .accepted])
        #expect(try await retryAfter(second) == .minutes(10))
        try await second.close()
    }

    @Test func aWindowIsSharedWithAHandleThatIsOpenedLater() async throws {
        let first = try open()
        #expect(try await first.push([task(), task()], admission: policy) == [.accepted, .accepted])
        try await first.close()
        hand.advance(.minutes(1))
        let second = try open()
        #expect(try await retryAfter(second) == .minutes(9))
        try await second.close()
    }

    /// The pushes that share a transaction share the cost of the count; without a policy there is none.
    @Test func theCountIsWrittenOncePerTransaction() async throws {
        let engine = try open()
        let policy = AdmissionPolicy(limit: 10_000, window: .hours(1))
        func changes(_ body: () async throws -> Void) async throws -> Int32 {
            let before = try await engine.writer.perform { $0.totalChanges }
            try await body()
            return try await engine.writer.perform { $0.totalChanges } - before
        }
        _ = try await engine.push([task()], admission: policy)
        let batch = (0..<200).map { _ in task() }
        #expect(try await changes { _ = try await engine.push(batch, admission: nil) } == 200)
        let counted = (0..<200).map { _ in task() }
        #expect(try await changes { _ = try await engine.push(counted, admission: policy) } <= 202)
        #expect(try await engine.admission().window?.admitted == 201)
        try await engine.close()
    }

    @Test func aDatabaseFromBeforeAdmissionIsMigrated() async throws {
        let first = try open()
        try await first.writer.perform { store in
            try store.db.run("DROP TABLE admission")
            try store.db.run("DELETE FROM relier_migration WHERE identifier = 'admission'")
        }
        try await first.close()
        let second = try open()
        #expect(try await second.push([task(), task(), task()], admission: policy).filter { $0 == .accepted }.count == 2)
        try await second.close()
    }
}
