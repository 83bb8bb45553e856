import Relier
import Testing

@testable import CookbookLibrary

/// The demo's judge must find every kind of loss and doubling, or its verdict says nothing.
@Suite struct DemoJudgeTests {
    /// A run in which everything held: 800 charges, one of them hit by a kill, one by the trap.
    private struct Run {
        var evidence = DemoEvidence()
        let killed = Incarnation.next()
        let other = Incarnation.next()
        let trapped = Incarnation.next()

        init() {
            for number in 1...800 {
                let customer = "cus_\(number)"
                let id = TaskID.next()
                evidence.pushes.append(DemoEvidence.Push(customer: customer, task: id))
                if number <= 200 { evidence.pushes.append(DemoEvidence.Push(customer: customer, task: id)) }
                evidence.tasks[id] = Self.committed([Self.attempt(other, 1, "committed", start: 1000)])
                call(customer, .charged, time: 2000)
            }
            let (hit, culprit) = (evidence.pushes[500].task, evidence.pushes[600].task)
            evidence.kills = [20_000, 30_000, 40_000].map {
                DemoEvidence.Kill(time: EngineTime(microseconds: $0), incarnation: $0 == 20_000 ? killed : .next())
            }
            evidence.tasks[hit]?.history = [
                Self.attempt(killed, 1, "worker-gone", detail: "signal 9", start: 10_000),
                Self.attempt(other, 2, "committed", start: 45_500),
            ]
            call(customer(of: hit), .repeated, time: 46_000)
            evidence.tasks[culprit]?.history = [
                Self.attempt(trapped, 1, "worker-gone", detail: "signal 5", start: 10_000),
                Self.attempt(other, 2, "committed", start: 252_000),
            ]
            evidence.trapCustomer = customer(of: culprit)
            call(customer(of: culprit), .repeated, time: 253_000)
            evidence.rows = (1...3376).map { row($0, resurrections: 0) } + (501...540).map { row($0, resurrections: 1) }
        }

        func customer(of task: TaskID) -> String { evidence.pushes.first { $0.task == task }?.customer ?? "" }

        static func committed(_ history: [AttemptRecord]) -> DemoEvidence.TaskEnd {
            DemoEvidence.TaskEnd(state: .committed, history: history)
        }

        static func attempt(_ incarnation: Incarnation, _ fence: Int64, _ outcome: String, detail: String? = nil, start: Int64)
            -> AttemptRecord
        {
            AttemptRecord(
                incarnation: incarnation, worker: "w", fence: fence, start: EngineTime(microseconds: start), end: nil, outcome: outcome,
                detail: detail, recoveredBy: outcome == "worker-gone" ? "observed-death" : nil)
        }

        func row(_ number: Int, resurrections: Int) -> AirportStore.Entry {
            AirportStore.Entry(iata: "A\(number)", task: TaskID(high: 1, low: 1), attempt: 1, resurrections: resurrections)
        }

        mutating func call(_ customer: String, _ outcome: LedgerEntry.Outcome, time: Int64) {
            evidence.ledger.append(
                LedgerEntry(
                    time: time, key: "k-\(customer)", customer: customer, amountCents: 1, outcome: outcome, charge: "ch_\(customer)"))
        }
    }

    @Test func aRunWithoutLossHolds() throws {
        let verdict = DemoVerdict(Run().evidence)
        #expect(verdict.objections == [])
        #expect(verdict.pushed == 1000)
        #expect(verdict.distinct == 800)
        #expect(verdict.committed == 800)
        #expect(verdict.keysByCalls == [1: 798, 2: 2])
        #expect(verdict.airports == 3376)
        #expect(verdict.airportRowsRepeated == 40)
        #expect(verdict.kills == 3)
        #expect(verdict.traps == 1)
        #expect(verdict.recoveredBy == ["observed-death": 2, "lease-end": 0])
        #expect(verdict.lostWorkers == ["signal 9": 1, "signal 5": 1])
        #expect(verdict.recoveryTimes == [25.5])
        #expect(verdict.trapRecoveryTime == 250)
    }

    @Test func aTaskThatNeverCommittedIsLost() {
        var run = Run()
        run.evidence.tasks[run.evidence.pushes[0].task]?.state = .quarantined
        run.evidence.tasks[run.evidence.pushes[0].task]?.history = []
        let verdict = DemoVerdict(run.evidence)
        #expect(verdict.lost == 1)
        #expect(verdict.committed == 799)
        #expect(!verdict.holds)
    }

    @Test func aTaskThatTheEngineForgotIsLost() {
        var run = Run()
        run.evidence.tasks[run.evidence.pushes[0].task] = nil
        #expect(DemoVerdict(run.evidence).lost == 1)
    }

    @Test func aCommitWithoutAChargeIsLost() {
        var run = Run()
        run.evidence.ledger.removeAll { $0.customer == "cus_3" }
        let verdict = DemoVerdict(run.evidence)
        #expect(verdict.lost == 1)
        #expect(verdict.committed == 800)
        #expect(!verdict.holds)
    }

    @Test func aCustomerChargedTwiceIsFound() {
        var run = Run()
        run.evidence.ledger.append(
            LedgerEntry(time: 1, key: "another", customer: "cus_9", amountCents: 1, outcome: .charged, charge: "ch_x"))
        let verdict = DemoVerdict(run.evidence)
        #expect(verdict.chargedTwice == 1)
        #expect(verdict.unexplainedRepeatCalls == 1)
        #expect(!verdict.holds)
    }

    @Test func aRepeatedCallWithoutALostWorkerIsUnexplained() {
        var run = Run()
        run.call("cus_9", .repeated, time: 5000)
        #expect(DemoVerdict(run.evidence).unexplainedRepeatCalls == 1)
        // One lost worker explains one more call, and no second one.
        run = Run()
        run.call(run.evidence.trapCustomer, .repeated, time: 5000)
        #expect(DemoVerdict(run.evidence).unexplainedRepeatCalls == 1)
    }

    @Test func twoCommitsAreFoundInOneTaskAndInTwo() {
        var run = Run()
        let id = run.evidence.pushes[0].task
        run.evidence.tasks[id]?.history.append(Run.attempt(run.other, 2, "committed", start: 9000))
        #expect(DemoVerdict(run.evidence).committedTwice == 1)
        run = Run()
        let second = TaskID.next()
        run.evidence.pushes[0].task = second
        run.evidence.tasks[second] = Run.committed([Run.attempt(run.other, 1, "committed", start: 9000)])
        let verdict = DemoVerdict(run.evidence)
        #expect(verdict.committedTwice == 1)
        #expect(verdict.distinct == 801)
    }

    @Test func missingAirportsAndTooManyRepeatsAreFound() {
        var run = Run()
        run.evidence.rows.removeAll { $0.iata == "A7" }
        #expect(DemoVerdict(run.evidence).airports == 3375)
        #expect(!DemoVerdict(run.evidence).holds)
        run = Run()
        run.evidence.rows += (1...61).map { run.row($0, resurrections: 1) }
        #expect(DemoVerdict(run.evidence).airportRowsRepeated == 101)
        #expect(!DemoVerdict(run.evidence).holds)
    }

    @Test func aKillThatNobodySawIsFound() {
        var run = Run()
        let hit = run.evidence.pushes[500].task
        run.evidence.tasks[hit]?.history[0].recoveredBy = "lease-end"
        #expect(DemoVerdict(run.evidence).killsUnseen == 1)
        #expect(!DemoVerdict(run.evidence).holds)
    }

    @Test func aDemoThatKilledTooFewShowsNothing() {
        var run = Run()
        run.evidence.kills.removeLast()
        #expect(!DemoVerdict(run.evidence).holds)
    }

    @Test func theReportHasTheNamesThatScriptsRelyOn() throws {
        let line = try DemoVerdict(Run().evidence).json(seed: 1, seconds: 2)
        #expect(!line.contains("\n"))
        for part in [
            "\"pushed\":1000", "\"distinct\":800", "\"committed\":800", "\"lost\":0", "\"committed_twice\":0", "\"charged_twice\":0",
            "\"unexplained_repeat_calls\":0", "\"kills\":3", "\"traps\":1", "\"airports\":3376", "\"lease-end\":0", "\"observed-death\":2",
            "\"recovery_ms_p50\":25.5", "\"recovery_ms_max\":25.5", "\"trap_recovery_ms\":250",
        ] {
            #expect(line.contains(part), "\(part) is missing in \(line)")
        }
    }
}
