import Logging
import Relier
import RelierSQLite
import RelierTesting
import ServiceLifecycle
import TestSupport
import Testing

@Suite struct OutageTests {
    @Test func whatEndedDuringAnOutageIsCommittedAfterIt() async throws {
        try await Workbench.run([Gated.self], lease: .seconds(2)) { bench in
            let receipt = try await bench.relier.push(Gated(label: "kept"))
            try await until("the body runs") { Tally.count("kept") == 1 }
            bench.engine.failEverything(.unavailable)
            Gates.open("kept")
            // Longer than the lease, in which nobody could look for dead workers either.
            try await Task.sleep(for: .milliseconds(3500))  // waits: the lease must have time to end
            bench.engine.failEverything(nil)
            #expect(try await receipt.value(timeout: .seconds(10)) == "kept")
            #expect(try await bench.history(of: receipt.id) == ["committed"])
            #expect(Tally.count("kept") == 1)
            let next = try await bench.relier.push(Gated(label: "kept"))
            #expect(next.isDuplicate, "its result is remembered")
        }
    }

    @Test func anEmbeddedWorkerGivesUpABodyThatDoesNotStopInTime() async throws {
        try await Workbench.run([Gated.self], lease: .seconds(1)) { bench in
            let receipt = try await bench.relier.push(Gated(label: "outlived"))
            try await until("the body runs") { Tally.count("outlived") == 1 }
            bench.engine.failEverything(.unavailable)
            // Longer than the lease; nobody can look for dead workers meanwhile.
            try await Task.sleep(for: .milliseconds(2500))  // waits: the lease must have time to end
            bench.engine.failEverything(nil)
            try await until("it runs again") { Tally.count("outlived") == 2 }
            Gates.open("outlived")
            #expect(try await receipt.value(timeout: .seconds(10)) == "outlived")
            let details = try await bench.details(of: receipt.id)
            #expect(details.history.map(\.outcome) == ["stray", "committed"])
            #expect(details.summary.resurrections == 0)
        }
    }

    @Test func aDrainEndsThoughTheEngineIsAway() async throws {
        let bench = try Workbench([Gated.self], lease: .seconds(2), grace: .milliseconds(500))
        _ = try await bench.relier.push(Gated(label: "drained"))
        try await until("the body runs") { Tally.count("drained") == 1 }
        bench.engine.failEverything(.unavailable)
        let start = ContinuousClock.now
        try await bench.end()
        #expect(ContinuousClock.now - start < .seconds(15))
        Gates.open("drained")
    }

    @Test func aWorkerInAUsersOwnServiceGroupDrainsWithIt() async throws {
        let engine = try SQLiteEngine.inMemory(options: SQLiteOptions(logger: RelierTestHarness.quiet))
        let worker = Worker(
            engine: engine, tasks: try TaskRegistry([Gated.self]),
            settings: WorkerSettings(gracePeriod: .seconds(20), logger: RelierTestHarness.quiet))
        let group = ServiceGroup(services: [worker], logger: RelierTestHarness.quiet)
        let running = Task { try await group.run() }
        let receipt = try await Relier(engine).push(Gated(label: "group"))
        while Tally.count("group") == 0 { try await Task.sleep(for: .milliseconds(5)) }
        await group.triggerGracefulShutdown()
        Gates.open("group")
        try await running.value
        #expect(try await receipt.value(timeout: .seconds(5)) == "group")
        #expect(try await engine.workers().isEmpty)
    }
}
