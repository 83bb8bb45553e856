import Relier

/// What the evidence says: counts that a run has to keep, and how fast it recovered.
struct DemoVerdict: Sendable, Equatable {
    var pushed = 0
    /// How many tasks the pushes became.
    var distinct = 0
    var committed = 0
    /// Customers without a committed task or without a charge in the service's ledger.
    var lost = 0
    /// Commits beyond the first, of one task or for one customer.
    var committedTwice = 0
    /// Charges beyond the first, by the service's ledger.
    var chargedTwice = 0
    /// Calls with a key beyond the first that no lost worker explains.
    var unexplainedRepeatCalls = 0
    /// How many keys were called once, twice, …
    var keysByCalls: [Int: Int] = [:]
    var kills = 0
    /// Processes that died of a signal that was not sent by the demo.
    var traps = 0
    /// Distinct airports in the store.
    var airports = 0
    /// Rows stored again after a kill.
    var airportRowsRepeated = 0
    /// How often a worker was lost under a task, by how that was found out.
    var recoveredBy = ["observed-death": 0, "lease-end": 0]
    /// How often a worker was lost under a task, by how it ended.
    var lostWorkers: [String: Int] = [:]
    /// How often a killed worker's task waited for the end of the lease, although the supervisor was there to see the death.
    var killsUnseen = 0
    /// Milliseconds from a kill to the next start of each task it hit, in rising order.
    var recoveryTimes: [Double] = []
    /// Milliseconds from the trap to the next start of the task that trapped.
    var trapRecoveryTime: Double?

    /// Whether nothing was lost or doubled, and everything that the demo promises to do to the workers was done.
    var holds: Bool { objections.isEmpty }

    /// What does not hold, one line each.
    var objections: [String] {
        var objections: [String] = []
        func expect(_ holds: Bool, _ text: String) { if !holds { objections.append(text) } }
        expect(pushed == DemoPlan.pushes, "\(pushed) of \(DemoPlan.pushes) charges were pushed")
        expect(distinct == DemoPlan.distinct, "the pushes became \(distinct) tasks, not \(DemoPlan.distinct)")
        expect(committed == DemoPlan.distinct, "\(committed) of \(DemoPlan.distinct) tasks committed")
        expect(lost == 0, "\(lost) charges were lost")
        expect(committedTwice == 0, "\(committedTwice) tasks committed twice")
        expect(chargedTwice == 0, "\(chargedTwice) charges were made twice")
        expect(unexplainedRepeatCalls == 0, "\(unexplainedRepeatCalls) repeated calls have no lost worker to explain them")
        expect(kills >= 3, "\(kills) worker processes were killed, not three or more")
        expect(killsUnseen == 0, "\(killsUnseen) tasks of killed workers were recovered by other means than the observed death")
        expect(traps == 1, "\(traps) processes trapped, not one")
        expect(airports == AirportData.count, "\(airports) of \(AirportData.count) airports were stored")
        expect(airportRowsRepeated <= 100, "\(airportRowsRepeated) airport rows were stored again, more than the 100 since a checkpoint")
        return objections
    }

    /// The middle one of the times; with an even number, the later of the two in the middle.
    var recoveryMedian: Double? { recoveryTimes.isEmpty ? nil : recoveryTimes[recoveryTimes.count / 2] }
}
