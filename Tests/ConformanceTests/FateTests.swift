import Relier
import RelierTesting
import Testing

@Suite("What becomes of a task whose worker is gone")
struct FateTests {
    static let traps: [Death] = [
        .signalled(4), .signalled(5), .signalled(6), .signalled(7), .signalled(8), .signalled(11), .exited(status: 1), .exited(status: 134),
        .outOfMemory,
    ]
    static let blameless: [Death] = [
        .leaseEnded, .lockFreed, .signalled(9), .signalled(15), .signalled(2), .exited(status: 0), .exited(status: Death.drainedStatus),
    ]

    @Test("a trap, a non-zero exit or too much memory makes a suspect", arguments: traps)
    func trap(death: Death) {
        #expect(death.makesSuspects)
        #expect(Fate.of(resurrections: 0, ranAlone: false, death: death, maxResurrections: 5) == .suspect)
        #expect(Fate.of(resurrections: 4, ranAlone: false, death: death, maxResurrections: 5) == .suspect)
    }

    @Test("trapping alone convicts, whatever is left of the resurrections", arguments: traps)
    func conviction(death: Death) {
        for resurrections in [0, 1, 5, 100] {
            let fate = Fate.of(resurrections: resurrections, ranAlone: true, death: death, maxResurrections: 5)
            #expect(fate == .quarantine(reason: "WorkerCrash"))
        }
    }

    @Test("a death that is nobody's fault queues again", arguments: blameless)
    func innocent(death: Death) {
        #expect(!death.makesSuspects)
        #expect(Fate.of(resurrections: 0, ranAlone: false, death: death, maxResurrections: 5) == .requeue)
        #expect(Fate.of(resurrections: 1, ranAlone: true, death: death, maxResurrections: 5) == .suspect)
    }

    @Test("resurrections are used up", arguments: traps + blameless)
    func usedUp(death: Death) {
        let end = Fate.quarantine(reason: "max_resurrections_exceeded")
        #expect(Fate.of(resurrections: 5, ranAlone: false, death: death, maxResurrections: 5) == end)
        #expect(Fate.of(resurrections: 0, ranAlone: false, death: death, maxResurrections: 0) == end)
        if !death.makesSuspects { #expect(Fate.of(resurrections: 5, ranAlone: true, death: death, maxResurrections: 5) == end) }
    }

    @Test("a worker that stopped itself costs nothing, whatever was counted before", arguments: [true, false])
    func stoppedItself(ranAlone: Bool) {
        let death = Death.exited(status: Death.selfStopStatus)
        #expect(!death.makesSuspects)
        for resurrections in [0, 5, 100] {
            #expect(Fate.of(resurrections: resurrections, ranAlone: ranAlone, death: death, maxResurrections: 5) == .handBack)
        }
    }

    @Test("only a lease's end is unobserved", arguments: traps + blameless)
    func observed(death: Death) {
        #expect(death.wasObserved == (death != .leaseEnded))
        #expect(!death.label.isEmpty)
    }
}

@Suite("The conformance suite itself")
struct SuiteTests {
    @Test("every check has a name of its own")
    func names() {
        let names = EngineConformance.all.map(\.name)
        #expect(Set(names).count == names.count)
        #expect(names.count > 100)
    }

    @Test("checks that need an ability are left out without it")
    func abilities() {
        let without = EngineConformance.checks(
            without: [.noticesDeath, .separateWallClock, .keepsOrder, .altersStorage, .plantsForeign])
        #expect(without.allSatisfy { $0.needs == nil })
        #expect(EngineConformance.checks(without: []).count == EngineConformance.all.count)
        #expect(without.count < EngineConformance.all.count)
    }
}
