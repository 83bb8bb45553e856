import Relier
import Testing

/// Who is to blame: a table, engines decide by it.
@Suite("Fate")
struct FateTests {
    private static let culpable: [Death] = [
        .signalled(4), .signalled(5), .signalled(6), .signalled(7), .signalled(8), .signalled(11), .exited(status: 0), .exited(status: 1),
        .exited(status: Death.drainedStatus), .exited(status: Death.selfStopStatus), .exited(status: 134), .outOfMemory,
    ]
    private static let blameless: [Death] = [.leaseEnded, .lockFreed, .signalled(9), .signalled(15), .signalled(2)]

    private func fate(
        _ losses: Losses, _ death: Death, ranAlone: Bool = false, waitingAlone: Int = 0, _ limits: ReleaseLimits = ReleaseLimits()
    ) -> Fate {
        Fate.of(death, Fate.Case(losses, ranAlone: ranAlone, waitingAlone: waitingAlone, limits: limits))
    }

    @Test("a process that traps, or leaves though nobody asked it to, makes suspects of what it ran", arguments: culpable)
    func suspects(death: Death) {
        #expect(death.makesSuspects)
        #expect(fate(Losses(), death) == .suspect)
        #expect(fate(Losses(inARow: 100, total: 100), death, waitingAlone: 1_000_000) == .suspect, "never convicted in company")
    }

    @Test("trapping alone convicts, however few workers were lost", arguments: culpable)
    func convicted(death: Death) {
        for count in [0, 1, 5, 100] {
            #expect(fate(Losses(inARow: count), death, ranAlone: true) == .quarantine(reason: "WorkerCrash"))
        }
    }

    @Test("the second loss in a row leads to a lone run, unless too many wait for theirs", arguments: blameless)
    func lostTwice(death: Death) {
        #expect(!death.makesSuspects)
        #expect(fate(Losses(), death) == .requeue)
        #expect(fate(Losses(inARow: 1, total: 1), death) == .suspect)
        #expect(fate(Losses(inARow: 1, total: 1), death, waitingAlone: 99) == .suspect)
        #expect(fate(Losses(inARow: 1, total: 1), death, waitingAlone: 100) == .requeue)
        #expect(fate(Losses(inARow: 40, total: 40), death, waitingAlone: 100) == .requeue)
    }

    @Test("losses alone convict, and only as many in a row as are allowed", arguments: blameless)
    func lostAlone(death: Death) {
        let end = Fate.quarantine(reason: "max_resurrections_exceeded")
        #expect(fate(Losses(inARow: 5, alone: 3, total: 5), death, ranAlone: true) == .suspect)
        #expect(fate(Losses(inARow: 5, alone: 4, total: 5), death, ranAlone: true) == end)
        #expect(fate(Losses(inARow: 40, alone: 0, total: 40), death, ranAlone: true) == .suspect)
        #expect(fate(Losses(), death, ranAlone: true, ReleaseLimits(maxResurrections: 0)) == end, "less than one is taken for one")
    }

    @Test("a life has its bound, which counts alone", arguments: blameless)
    func life(death: Death) {
        #expect(fate(Losses(total: 48), death) == .requeue)
        #expect(fate(Losses(total: 49), death) == .suspect)
        #expect(fate(Losses(total: 49), death, ranAlone: true) == .quarantine(reason: "max_resurrections_exceeded"))
        #expect(fate(Losses(total: 500), death) == .suspect)
    }

    @Test("a worker that left of its own accord costs nothing", arguments: [Death.selfStopped, .drained])
    func orderly(death: Death) {
        #expect(!death.makesSuspects && death.isOrderly)
        for ranAlone in [false, true] {
            #expect(fate(Losses(inARow: 100, alone: 100, total: 100), death, ranAlone: ranAlone) == .handBack)
        }
    }

    @Test("the count forgets with progress, or a day after the last loss")
    func memory() {
        let start = EngineTime(microseconds: 1_000_000)
        var losses = Losses()
        losses.count(ranAlone: false, at: start)
        losses.count(ranAlone: true, at: start)
        #expect(losses == Losses(inARow: 2, alone: 1, total: 2, last: start))
        losses.forget(progressed: false, at: start + .hours(23))
        #expect(losses.inARow == 2 && losses.alone == 1)
        var later = losses
        later.forget(progressed: false, at: start + .hours(24))
        #expect(later == Losses(inARow: 0, alone: 0, total: 2, last: start))
        losses.forget(progressed: true, at: start)
        #expect(losses == later)
    }
}
