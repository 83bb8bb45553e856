import Relier
import RelierTesting
import TestSupport
import Testing

@Suite struct CancelTests {
    @Test func aRunningBodyIsCancelledAndItsKeyWaitsForIt() async throws {
        try await Workbench.run([Gated.self], lease: .seconds(1)) { bench in
            let receipt = try await bench.relier.push(Gated(label: "running"))
            try await until("the body runs") { Tally.count("running") == 1 }
            #expect(try await receipt.cancel() == .cancelled)
            await #expect(throws: TaskCancelled.self) { try await receipt.value(timeout: .seconds(30)) }
            try await until("the body sees it") { Tally.count("running cancelled") > 0 }
            let meanwhile = try await bench.relier.push(Gated(label: "running"))
            #expect(meanwhile.isDuplicate && meanwhile.id == receipt.id, "its body still runs")
            Gates.open("running")
            try await until("the key is free") { try await !bench.relier.push(Gated(label: "running")).isDuplicate }
            #expect(try await bench.history(of: receipt.id) == ["cancelled"])
        }
    }

    @Test func aQueuedTaskNeverRuns() async throws {
        try await Workbench.run([Count.self]) { bench in
            let receipt = try await bench.relier.push(Count(label: "never"), after: .hours(1))
            #expect(try await bench.relier.cancel(receipt.id) == .cancelled)
            await #expect(throws: TaskCancelled.self) { try await receipt.value(timeout: .seconds(30)) }
            let error = await #expect(throws: EngineError.self) { try await bench.relier.cancel(.next()) }
            #expect(error?.code == .notFound)
            #expect(Tally.count("never") == 0)
        }
    }

    @Test func withoutTerminationTheRunUnderWayCommits() async throws {
        try await Workbench.run([Gated.self], lease: .seconds(1)) { bench in
            let receipt = try await bench.relier.push(Gated(label: "last run"))
            try await until("the body runs") { Tally.count("last run") == 1 }
            #expect(try await receipt.cancel(terminate: false) == .afterThisRun)
            Gates.open("last run")
            #expect(try await receipt.value(timeout: .seconds(30)) == "last run")
            #expect(Tally.count("last run cancelled") == 0)
        }
    }
}
