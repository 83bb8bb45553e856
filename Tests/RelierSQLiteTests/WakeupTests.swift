import Foundation
import Relier
import Testing

@testable import RelierSQLite

@Suite struct WakeupTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    /// Suspends until the engine's process has told others what it waits for.
    private func published(_ engine: SQLiteEngine, _ interest: (WaitHub.Interest) -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while !interest(engine.hub.interest) {
            try #require(ContinuousClock.now < deadline)
            try await Task.sleep(for: .milliseconds(1))  // waits: between two looks
        }
    }

    @Test func aPushElsewhereWakesAWaitingWorkerLongBeforeItLooksByItself() async throws {
        let (here, there) = (try SQLiteEngine(path: directory.file()), try SQLiteEngine(path: directory.file()))
        let worker = try await Hand(here)
        var quick = 0
        for _ in 0..<5 {
            async let waited: Void = here.awaitWork(worker.incarnation, queues: [.default], timeout: .seconds(30))
            try await published(here) { $0.work }
            let start = ContinuousClock.now
            _ = try await there.push([task()])
            await waited
            if ContinuousClock.now - start < Bell.fallback / 2 { quick += 1 }
            #expect(try await worker.claim().count == 1)
        }
        #expect(quick >= 3)
        try await here.close()
        try await there.close()
    }

    /// A waiting process makes its pipe again within its next look.
    @Test func aWaiterIsWokenAfterItsDirectoryWasRemoved() async throws {
        let (here, there) = (try SQLiteEngine(path: directory.file()), try SQLiteEngine(path: directory.file()))
        let worker = try await Hand(here)
        let runtime = RuntimeDirectory(for: directory.file())
        async let first: Void = here.awaitWork(worker.incarnation, queues: [.default], timeout: .seconds(30))
        try await published(here) { $0.work }
        try FileManager.default.removeItem(atPath: runtime.root)
        let deadline = ContinuousClock.now + .seconds(20)
        while runtime.names(suffix: ".station")?.isEmpty ?? true {
            try #require(ContinuousClock.now < deadline)
            try await Task.sleep(for: .milliseconds(5))  // waits: between two looks
        }
        _ = try await there.push([task()])
        await first
        #expect(try await worker.claim().count == 1)
        var quick = 0
        for _ in 0..<5 {
            async let waited: Void = here.awaitWork(worker.incarnation, queues: [.default], timeout: .seconds(30))
            try await published(here) { $0.work }
            let start = ContinuousClock.now
            _ = try await there.push([task()])
            await waited
            if ContinuousClock.now - start < Bell.fallback / 2 { quick += 1 }
            #expect(try await worker.claim().count == 1)
        }
        #expect(quick >= 3)
        try await here.close()
        try await there.close()
    }

    /// How late a waiting worker wakes for a task that another process pushes with a delay, by the real clock.
    @Test func aDelayedTaskWakesAWaitingWorkerOnTime() async throws {
        let (here, there) = (try SQLiteEngine(path: directory.file()), try SQLiteEngine(path: directory.file()))
        let worker = try await Hand(here)
        let delay = Duration.milliseconds(150)
        var quick = 0
        for round in 0..<8 {
            async let waited: Void = here.awaitWork(worker.incarnation, queues: [.default], timeout: .seconds(30))
            try await published(here) { $0.work }
            let due = ContinuousClock.now + delay
            let date = Date(timeIntervalSinceNow: delay.inSeconds)
            _ = try await (round < 4 ? there : here).push([task(due: round.isMultiple(of: 2) ? .after(delay) : .at(date))])
            await waited
            let late = ContinuousClock.now - due
            #expect(late > .milliseconds(-5))
            if late < Bell.fallback / 4 { quick += 1 }
            #expect(try await worker.claim().count == 1)
        }
        #expect(quick >= 4)
        try await here.close()
        try await there.close()
    }

    /// A ring that brought nothing leaves the waiter reachable: the next push rings again.
    @Test func aWaiterThatWasRungInVainIsRungAgain() async throws {
        let (here, there) = (try SQLiteEngine(path: directory.file()), try SQLiteEngine(path: directory.file()))
        let worker = try await Hand(here)
        var quick = 0
        for _ in 0..<5 {
            async let waited: Void = here.awaitWork(worker.incarnation, queues: [.default], timeout: .seconds(30))
            try await published(here) { $0.work }
            // A worker that joins rings for all, and there is nothing to do.
            _ = try await Hand(there)
            let start = ContinuousClock.now
            _ = try await there.push([task()])
            await waited
            if ContinuousClock.now - start < Bell.fallback / 2 { quick += 1 }
            #expect(try await worker.claim().count == 1)
        }
        #expect(quick >= 3)
        try await here.close()
        try await there.close()
    }

    @Test func aCommitElsewhereWakesWhoAwaitsIt() async throws {
        let (here, there) = (try SQLiteEngine(path: directory.file()), try SQLiteEngine(path: directory.file()))
        let worker = try await Hand(there)
        let pushed = task()
        _ = try await here.push([pushed])
        let claimed = try #require(try await worker.claim().first)
        async let status = here.awaitEnd(of: [pushed.envelope.id], timeout: .seconds(30))
        try await published(here) { $0.results }
        try await worker.settle(claimed, .commit(result: Data("7".utf8)))
        #expect(try await status[pushed.envelope.id] == TaskStatus(state: .committed, result: Data("7".utf8)))
        try await here.close()
        try await there.close()
    }

    @Test func cancellationAndClosingEndAWait() async throws {
        let engine = try SQLiteEngine(path: directory.file())
        let worker = try await Hand(engine)
        let waiting = Task { await engine.awaitWork(worker.incarnation, queues: [.default], timeout: .hours(1)) }
        try await published(engine) { $0.work }
        waiting.cancel()
        await waiting.value
        let second = Task { await engine.awaitWork(worker.incarnation, queues: [.default], timeout: .hours(1)) }
        try await published(engine) { $0.work }
        try await engine.close()
        await second.value
    }

    @Test func aTimeoutEndsAWait() async throws {
        let engine = try SQLiteEngine.inMemory()
        let worker = try await Hand(engine)
        let start = ContinuousClock.now
        await engine.awaitWork(worker.incarnation, queues: [.default], timeout: .milliseconds(50))
        #expect(ContinuousClock.now - start >= .milliseconds(50))
        let pushed = task()
        _ = try await engine.push([pushed])
        let status = try await engine.awaitEnd(of: [pushed.envelope.id], timeout: .milliseconds(50))
        #expect(status[pushed.envelope.id]?.state == .queued)
        try await engine.close()
    }

    @Test func eachReadyTaskWakesOneWorker() async {
        let hub = WaitHub()
        let later = ContinuousClock.now + .seconds(60)
        let tokens = (0..<3).map { _ in hub.armWork(.next(), queues: WaitHub.bit(1), deadline: later) }
        let other = hub.armWork(.next(), queues: WaitHub.bit(2), deadline: later)
        #expect(hub.wakeWork(queues: WaitHub.bit(1), count: 2) == 2)
        #expect(hub.wakeWork(queues: WaitHub.bit(1), count: 2) == 1)
        #expect(hub.interest.queues == WaitHub.bit(2))
        for token in tokens {
            await hub.sleep(token)
            hub.disarm(token)
        }
        hub.disarm(other)
        #expect(hub.interest == WaitHub.Interest())
    }

    @Test func whatDeadProcessesLeftIsSwept() async throws {
        let engine = try SQLiteEngine(path: directory.file())
        let runtime = directory.file() + "-relier"
        try Data(repeating: 0, count: 32).write(to: URL(fileURLWithPath: "\(runtime)/dead.station"))
        #expect(mkfifo("\(runtime)/dead.bell", 0o600) == 0)
        try Data(repeating: 0, count: 96).write(to: URL(fileURLWithPath: "\(runtime)/\(Incarnation.next()).lease"))
        try Data().write(to: URL(fileURLWithPath: "\(runtime)/half.lease.1.new"))
        let worker = try await Hand(engine)
        _ = try await engine.tend(batch: 10, unregisteredAfter: nil)
        let left = try FileManager.default.contentsOfDirectory(atPath: runtime).sorted()
        #expect(left == ["\(worker.incarnation).lease", "opening.lock", "turn.lock"].sorted())
        try await engine.close()
    }

    @Test func theLeaseOfADeadHolderIsFree() async throws {
        let (here, there) = (try SQLiteEngine(path: directory.file()), try SQLiteEngine(path: directory.file()))
        let worker = try await Hand(here)
        let first = try #require(try await there.leases().first)
        #expect(!first.holderGone)
        #expect(try worker.lease.renew(holding: [:], settledThrough: 0) == .renewed(lost: [], strays: 0))
        #expect(try await there.leases().first?.counter == (try #require(first.counter)) + 1)
        try await here.close()
        #expect(try await there.leases().first?.holderGone == true)
        try await there.close()
    }

    @Test func aRenewalDoesNotWaitForTheWriter() async throws {
        let engine = try SQLiteEngine(path: directory.file())
        let worker = try await Hand(engine)
        let (started, release) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        engine.writer.submit(
            WriteJob(
                weight: 1,
                run: { store in
                    try store.db.run("INSERT INTO meta (name, value) VALUES ('long', 'transaction')")
                    started.signal()
                    release.wait()
                }, finish: { _ in }))
        let renewal = try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                started.wait()
                continuation.resume(with: Result { try worker.lease.renew(holding: [:], settledThrough: 0) })
                release.signal()
            }
        }
        #expect(renewal == .renewed(lost: [], strays: 0))
        try await engine.close()
    }
}
