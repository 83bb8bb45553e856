import Foundation
import Relier

/// Kills worker processes with `SIGKILL` while they work.
struct DemoSaboteur: Sendable {
    let engine: any Engine
    let board: DemoBoard
    let plan: DemoPlan

    /// Kills a busy worker each time that the planned number of charges has committed. Ends early when there is nothing left to disturb.
    func disturbCharges() async throws {
        for (commits, victim) in zip(plan.killAfterCommits, plan.victims) {
            while board.committed < commits && !board.isSettled { try await Task.sleep(for: .milliseconds(2)) }
            while !board.isSettled {
                if let worker = try await busyWorkers().element(modulo: victim), try await kill(worker) { break }
                try await Task.sleep(for: .milliseconds(2))
            }
        }
    }

    /// Kills the worker that runs a task.
    /// - Returns: whether there was one.
    func killWorker(running task: TaskID) async throws -> Bool {
        guard let attempt = try await engine.inspect(task)?.history.last, attempt.outcome == "running" else { return false }
        guard let worker = try await engine.workers().first(where: { $0.info.incarnation == attempt.incarnation }) else { return false }
        return try await kill(worker)
    }

    /// The workers with something in flight, without those that were killed already and the one that is about to trap:
    /// a process killed while it traps would not have trapped.
    private func busyWorkers() async throws -> [WorkerSummary] {
        var spared = Set(board.now.kills.map(\.incarnation))
        if let task = board.task(of: plan.trapCustomer), let attempt = try await engine.inspect(task)?.history.last,
            attempt.outcome == "running"
        {
            spared.insert(attempt.incarnation)
        }
        return try await engine.workers()
            .filter { !$0.info.isolated && $0.running > 0 && !spared.contains($0.info.incarnation) }
            .sorted { $0.info.incarnation < $1.info.incarnation }
    }

    private func kill(_ worker: WorkerSummary) async throws -> Bool {
        let time = try await engine.now()
        guard Foundation.kill(worker.info.pid, SIGKILL) == 0 else { return false }
        board.killed(DemoEvidence.Kill(time: time, incarnation: worker.info.incarnation))
        return true
    }
}

extension Array {
    /// The element at `index` modulo the count; `nil` when there is none.
    func element(modulo index: Int) -> Element? { isEmpty ? nil : self[index % count] }
}
