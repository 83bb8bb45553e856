import Foundation
import Relier

/// One run: charges under kills and a trap, then the airports under a kill, then the gathering of what is left behind.
struct DemoRun: Sendable {
    let plan: DemoPlan
    let relier: Relier
    let board: DemoBoard
    let ledger: PaymentLedger
    let store: AirportStore
    /// When the run gives up on what has not ended.
    let deadline: ContinuousClock.Instant

    private var engine: any Engine { relier.engine }
    private var saboteur: DemoSaboteur { DemoSaboteur(engine: engine, board: board, plan: plan) }
    private var timeIsUp: Bool { ContinuousClock.now >= deadline }

    /// Pushes and disturbs; returns when everything has ended, or the time is up.
    func run() async throws -> DemoEvidence {
        try await charge()
        let task = try await importAirports()
        return try await gather(importTask: task)
    }

    private func charge() async throws {
        board.enter("charges")
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await push() }
            group.addTask { try await follow() }
            let disturbance = Task { try await saboteur.disturbCharges() }
            try await group.waitForAll()
            disturbance.cancel()
            do { try await disturbance.value } catch is CancellationError {}
        }
    }

    private func push() async throws {
        for charge in plan.charges {
            let receipt = try await relier.push($demoCharge(customerID: charge.customer, amountCents: charge.amountCents))
            board.pushed(DemoEvidence.Push(customer: charge.customer, task: receipt.id))
        }
        board.allPushed()
    }

    private func follow() async throws {
        while !board.isSettled && !timeIsUp {
            for (task, status) in try await engine.status(of: Array(board.pending)) where status.state.isEnd {
                board.ended(task, as: status.state)
            }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    private func importAirports() async throws -> TaskID {
        board.enter("airports")
        let receipt = try await relier.push($importAirports(file: AirportData.path))
        var lines = LineCounter(path: store.path)
        var isKilled = false
        while !timeIsUp {
            board.stored(rows: lines.count())
            if !isKilled && board.now.rows >= plan.killAfterRows {
                isKilled = try await saboteur.killWorker(running: receipt.id)
            }
            if try await receipt.status()?.isEnd == true { break }
            try await Task.sleep(for: .milliseconds(5))
        }
        board.stored(rows: lines.count())
        return receipt.id
    }

    private func gather(importTask: TaskID) async throws -> DemoEvidence {
        board.enter("judging")
        let state = board.now
        var evidence = DemoEvidence()
        evidence.pushes = state.pushes
        evidence.kills = state.kills
        evidence.trapCustomer = plan.trapCustomer
        evidence.importTask = importTask
        for task in Set(state.pushes.map(\.task)).union([importTask]) {
            guard let details = try await engine.inspect(task) else { continue }
            evidence.tasks[task] = DemoEvidence.TaskEnd(state: details.summary.state, history: details.history)
        }
        evidence.ledger = await ledger.entries
        evidence.ledgerClockOffset = try await engine.now().microseconds - Int64(Date().timeIntervalSince1970 * 1e6)
        evidence.rows = try store.entries()
        return evidence
    }
}

/// Counts the lines of a file that grows.
struct LineCounter {
    let path: String
    private var file: FileHandle?
    private var lines = 0

    init(path: String) { self.path = path }

    /// How many whole lines there are now; each call reads what is new.
    mutating func count() -> Int {
        file = file ?? FileHandle(forReadingAtPath: path)
        while let data = try? file?.read(upToCount: 1 << 16), !data.isEmpty {
            lines += data.count { $0 == UInt8(ascii: "\n") }
        }
        return lines
    }
}
