import Foundation
import Relier
import RelierTesting
import TestSupport
import Testing

@Suite struct SuspectTests {
    /// Makes a suspect of a task: a worker elsewhere claims it and dies of a trap.
    private func accuse(_ work: Count, in bench: Workbench) async throws -> TaskReceipt<String> {
        let kinds = [TaskKind(name: Count.name, version: 1)]
        let doomed = WorkerInfo(
            incarnation: .next(), process: .next(), name: "doomed", host: "elsewhere", pid: 1, queues: ["doomed"], concurrency: 1,
            kinds: kinds, lease: .seconds(5))
        _ = try await bench.engine.join(doomed)
        let id = TaskID.next()
        let envelope = Envelope(
            id: id, name: Count.name, version: 1, payload: try JSONEncoder().encode(work), enqueuedAt: EngineTime(microseconds: 0))
        // In a queue that the worker under test does not serve, so that it is not the one that claims it first.
        _ = try await bench.engine.push([NewTask(envelope: envelope, queue: "doomed")])
        let claimed = try await bench.engine.claim(
            ClaimRequest(incarnation: doomed.incarnation, number: 1, shares: [QueueShare(queue: "doomed", slots: 1)], limit: 1))
        try #require(claimed.map(\.envelope.id) == [id])
        let report = try await bench.engine.release(.process(doomed.process), death: .signalled(SIGTRAP), limits: ReleaseLimits())
        try #require(report.suspects == [id])
        return TaskReceipt(id: id, isDuplicate: false, engine: bench.engine)
    }

    @Test func anEmbeddedWorkerMakesRoomForSuspectsThatNobodyTakes() async throws {
        try await Workbench.run([Count.self, WaitOnce.self], suspectPatience: .milliseconds(300)) { bench in
            let other = try await bench.relier.push(WaitOnce(label: "beside a suspect"))
            try await until("the other body runs") { Tally.count("beside a suspect") == 1 }
            let suspects = [
                try await accuse(Count(label: "suspect 1"), in: bench), try await accuse(Count(label: "suspect 2"), in: bench),
            ]
            for receipt in suspects { _ = try await receipt.value(timeout: .seconds(30)) }
            for receipt in suspects {
                let history = try await bench.details(of: receipt.id).history
                #expect(history.map(\.outcome) == ["worker-gone", "committed"])
            }
            #expect(try await other.value(timeout: .seconds(30)) == 2, "it was handed over, and ran again")
            let details = try await bench.details(of: other.id)
            #expect(details.history.map(\.outcome) == ["handed-back", "committed"])
            #expect(details.summary.resurrections == 0)
            let handedOver = try #require(details.history.first?.end)
            let again = try #require(details.history.last?.start)
            for receipt in suspects {
                let run = try #require(try await bench.details(of: receipt.id).history.last)
                #expect(run.start >= handedOver && run.end.map { $0 <= again } == true, "nothing ran beside a suspect")
            }
        }
    }
}
