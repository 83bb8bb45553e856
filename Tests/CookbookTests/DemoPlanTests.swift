import Testing

@testable import CookbookLibrary

@Suite struct DemoPlanTests {
    @Test(arguments: 1...20) func everySeedKeepsTheCounts(seed: Int) {
        let plan = DemoPlan(seed: UInt64(seed))
        #expect(plan.charges.count == 1000)
        #expect(Set(plan.charges).count == 800)
        #expect(Set(plan.charges.map(\.customer)).count == 800)
        #expect(plan.killAfterCommits.count == 3)
        #expect(plan.killAfterCommits == plan.killAfterCommits.sorted())
        #expect(plan.charges.contains { $0.customer == plan.trapCustomer })
        #expect(plan == DemoPlan(seed: UInt64(seed)))
    }

    @Test func seedsDiffer() {
        #expect(DemoPlan(seed: 1) != DemoPlan(seed: 2))
        #expect(DemoPlan(seed: 1).charges != DemoPlan(seed: 2).charges)
    }
}
