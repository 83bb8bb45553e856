import Relier
import Testing

@RelierTask(limits: [.concurrency(2, per: "customerID"), .rate(10, every: .seconds(1), per: "region", "customerID"), .concurrency(5)])
func limited(customerID: String, region: String, page: Int = 1) async {}

@Suite struct LimitTests {
    @Test func limitsReachTheOptions() {
        #expect(
            $limited.options.limits == [
                .concurrency(2, per: "customerID"), .rate(10, every: .seconds(1), per: "region", "customerID"), .concurrency(5),
            ])
    }

    @Test(arguments: [
        Misused(
            #"@RelierTask(limits: [.concurrency(2, per: ▶"tenant")]) func f(customerID: String) {}"#, "'f' has no argument 'tenant'"),
        Misused(
            #"@RelierTask(limits: [.concurrency(2, per: ▶"customerId")]) func f(customerID: String) {}"#,
            "'f' has no argument 'customerId'; it has 'customerID'",
            fixed: #"@RelierTask(limits: [.concurrency(2, per: "customerID")]) func f(customerID: String) {}"#),
        Misused(
            #"@RelierTask(limits: [.rate(2, every: .seconds(1), per: "a", ▶"q")]) func f(a: Int, b: Int) {}"#, "no argument 'q'",
            fixed: #"@RelierTask(limits: [.rate(2, every: .seconds(1), per: "a", "b")]) func f(a: Int, b: Int) {}"#),
        Misused(#"@RelierTask(limits: [TaskLimit.concurrency(2, per: "a", ▶"a")]) func f(a: Int) {}"#, "named twice"),
        Misused(
            #"@RelierTask(limits: [.concurrency(2, per: ▶"context")]) func f(context: TaskContext) {}"#, "differs from run to run"),
        Misused(
            "@RelierTask(limits: [.concurrency(▶0)]) func f() {}", "at least 1 is needed",
            fixed: "@RelierTask(limits: [.concurrency(1)]) func f() {}"),
        Misused(
            "@RelierTask(limits: [.concurrency(5), .rate(▶-2, every: .minutes(1))]) func f() {}", "at least 1 is needed",
            fixed: "@RelierTask(limits: [.concurrency(5), .rate(1, every: .minutes(1))]) func f() {}"),
        Misused("@RelierTask(limits: [.rate(2, every: ▶.zero)]) func f() {}", "1 ms or longer"),
        Misused("@RelierTask(limits: [.rate(2, every: ▶.microseconds(999))]) func f() {}", "1 ms or longer"),
        Misused(
            "@RelierTask(limits: [.concurrency(2), ▶.concurrency(3)]) func f() {}", "one concurrency limit of the whole task"),
        Misused(
            #"@RelierTask(limits: [.concurrency(2, per: "a"), ▶.concurrency(3, per: "b")]) func f(a: Int, b: Int) {}"#,
            "one concurrency limit with a key"),
    ])
    func misuse(_ misused: Misused) { misused.check() }

    @Test func aKeyThatHasNoOrderIsRefused() throws {
        let findings = Expanded(#"@RelierTask(limits: [.concurrency(2, per: "ids")]) func f(ids: Set<Int>) {}"#).findings
        #expect(try #require(findings.first).message.contains("a Set has no order"))
    }

    @Test func whatOnlyTheCompilerKnowsIsLeftToIt() {
        let source = #"@RelierTask(limits: [.concurrency(limit, per: argument), .rate(most, every: window)] + more) func f(a: Int) {}"#
        #expect(Expanded(source).findings.isEmpty)
        #expect(Expanded(#"@RelierTask(limits: common) func f(a: Int) {}"#).findings.isEmpty)
        #expect(Expanded(#"@RelierTask(limits: [.concurrency(limit, per: argument)]) func f(a: Int) {}"#).findings.isEmpty)
    }
}
