import Testing

@Suite struct MisuseTests {
    @Test(arguments: [
        Misused(
            "@RelierTask(▶hardTimeout: .seconds(5)) func f(x: Int) throws {}", "'hardTimeout' needs an 'async' function",
            fixed: "@RelierTask(hardTimeout: .seconds(5)) func f(x: Int) async throws {}"),
        Misused(
            "@RelierTask(▶softTimeout: .seconds(5), hardTimeout: limit, onSoftTimeout: hook) func f() -> Int { 1 }",
            "'softTimeout' needs an 'async' function",
            fixed: "@RelierTask(softTimeout: .seconds(5), hardTimeout: limit, onSoftTimeout: hook) func f() async -> Int { 1 }"),
        Misused(
            "@RelierTask(softTimeout: ▶.seconds(10), hardTimeout: .seconds(8)) func f() async {}",
            "(.seconds(10)) must be shorter than the hard timeout (.seconds(8))",
            fixed: "@RelierTask(softTimeout: .seconds(8), hardTimeout: .seconds(10)) func f() async {}"),
        Misused(
            "@RelierTask(softTimeout: ▶.milliseconds(120_000), hardTimeout: Duration.minutes(2)) func f() async {}", "must be shorter"),
        Misused("@RelierTask(softTimeout: ▶.hours(24), hardTimeout: .days(1)) func f() async {}", "must be shorter"),
        Misused("@RelierTask(softTimeout: ▶.seconds(60 * 2), hardTimeout: .minutes(2.0)) func f() async {}", "must be shorter"),
        Misused("@RelierTask(hardTimeout: ▶.seconds(0)) func f() async {}", "'hardTimeout' must be longer than zero"),
        Misused("@RelierTask(hardTimeout: ▶.zero) func f() async {}", "'hardTimeout' must be longer than zero"),
        Misused("@RelierTask(softTimeout: ▶.seconds(-1.5)) func f() async {}", "'softTimeout' must be longer than zero"),
        Misused("@RelierTask(resultTTL: ▶.seconds(-1)) func f() {}", "'resultTTL' cannot be negative"),
        Misused(
            "@RelierTask(hardTimeout: .seconds(10), ▶onSoftTimeout: hook) func f() async {}", "never runs without a 'softTimeout'"),
    ])
    func timeouts(_ misused: Misused) { misused.check() }

    @Test func synchronousTimeoutComesWithANote() throws {
        let findings = Expanded("@RelierTask(softTimeout: .seconds(5)) func work() {}").findings
        #expect(try #require(findings.first).notes.first?.contains("func work(…) async") == true)
    }

    @Test(arguments: [
        Misused(
            #"@RelierTask(queue: ▶"re-queue") func f() {}"#, "belongs to Relier's own recoveries",
            fixed: #"@RelierTask(queue: "default") func f() {}"#),
        Misused(
            #"@RelierTask(queue: ▶Queue("re-queue"), version: 2) func f() {}"#, "belongs to Relier's own recoveries",
            fixed: #"@RelierTask(queue: "default", version: 2) func f() {}"#),
        Misused(
            "@RelierTask(queue: ▶.requeue) func f() {}", "belongs to Relier's own recoveries",
            fixed: #"@RelierTask(queue: "default") func f() {}"#),
        Misused(
            "@RelierTask(queue: ▶Queue.requeue) func f() {}", "belongs to Relier's own recoveries",
            fixed: #"@RelierTask(queue: "default") func f() {}"#),
        Misused(#"@RelierTask(queue: ▶"") func f() {}"#, "1 to 128 bytes"),
        Misused(#"@RelierTask(queue: ▶"a,b") func f() {}"#, "no comma"),
        Misused(#"@RelierTask(name: ▶"") func f() {}"#, "cannot be empty"),
        Misused("@RelierTask(version: ▶0) func f() {}", "versions start at 1", fixed: "@RelierTask(version: 1) func f() {}"),
        Misused("@RelierTask(version: ▶-3) func f() {}", "versions start at 1", fixed: "@RelierTask(version: 1) func f() {}"),
        Misused(
            "@RelierTask(retry: .fixed(every: .seconds(1), maxAttempts: ▶0)) func f() {}", "at least 1 is needed",
            fixed: "@RelierTask(retry: .fixed(every: .seconds(1), maxAttempts: 1)) func f() {}"),
    ])
    func options(_ misused: Misused) { misused.check() }

    @Test(arguments: [
        Misused(
            "@RelierTask(version: 3, migrations: [Migration(from: 1) { _ in }, .init(from: ▶1, step)]) func f() {}",
            "another migration starts from version 1 too"),
        Misused(
            "@RelierTask(version: 4, migrations: [.compatible(from: ▶3), Migration(from: 1) { _ in }]) func f() {}",
            "no migration starts from version 2; where nothing has to be done, add '.compatible(from: 2)'"),
        Misused(
            "@RelierTask(version: 3, migrations: [Migration(from: ▶1) { _ in }]) func f() {}", "no migration starts from version 2"),
        Misused(
            "@RelierTask(version: 2, migrations: [Migration(from: 1) { _ in }, Migration(from: ▶2) { _ in }]) func f() {}",
            "can never run, since the version is 2"),
        Misused(
            "@RelierTask(version: 2, migrations: [Migration(from: ▶0, step), .compatible(from: 1)]) func f() {}", "versions start at 1"),
        Misused("@RelierTask(version: current, migrations: [.compatible(from: ▶-1)]) func f() {}", "versions start at 1"),
        Misused("@RelierTask(▶migrations: [Migration(from: 1) { _ in }]) func f() {}", "give a 'version' above 1"),
    ])
    func migrations(_ misused: Misused) { misused.check() }

    @Test(arguments: [
        "@RelierTask(version: 3, migrations: [Migration(from: 2) { _ in }, Migration(from: 1) { json in json[\"a\"] = 1 }]) func f() {}",
        "@RelierTask(version: 5, migrations: [.compatible(from: 4)]) func f() {}",
        "@RelierTask(version: 4, migrations: [Migration(from: 1) { _ in }, step(two), Migration(from: 3) { _ in }]) func f() {}",
        "@RelierTask(version: 2, migrations: []) func f() {}", "@RelierTask(version: 2, migrations: steps) func f() {}",
        "@RelierTask(version: current, migrations: [.compatible(from: 7), .compatible(from: 8)]) func f() {}",
    ])
    func whatOnlyRunTimeKnowsOfMigrationsIsLeftToIt(source: String) {
        #expect(Expanded(source).findings.isEmpty, "\(Expanded(source).findings.map(\.message))")
        #expect(Expanded(source).text.contains("migrations: "))
    }

    @Test(arguments: [
        Misused(
            "@RelierTask(idempotent: .automatic(ttl: ▶.seconds(5)), hardTimeout: .minutes(1)) func f() async {}",
            "must not be shorter than the hard timeout (.minutes(1))",
            fixed: "@RelierTask(idempotent: .automatic(ttl: .minutes(1)), hardTimeout: .minutes(1)) func f() async {}"),
        Misused(
            #"@RelierTask(idempotent: .key("id", ttl: ▶.seconds(5)), hardTimeout: .minutes(1)) func f(id: Int) async {}"#,
            "must not be shorter than the hard timeout",
            fixed: #"@RelierTask(idempotent: .key("id", ttl: .minutes(1)), hardTimeout: .minutes(1)) func f(id: Int) async {}"#),
        Misused("@RelierTask(idempotent: .automatic(ttl: ▶.seconds(0))) func f() {}", "must be longer than zero"),
        Misused(
            #"@RelierTask(idempotent: .key(▶"custmerID")) func f(customerID: Int, amount: Int) {}"#,
            "'f' has no argument 'custmerID'; it has 'customerID', 'amount'",
            fixed: #"@RelierTask(idempotent: .key("customerID")) func f(customerID: Int, amount: Int) {}"#),
        Misused(
            #"@RelierTask(idempotent: .key(▶"of")) func f(of amount: Int) {}"#, "no argument 'of'",
            fixed: #"@RelierTask(idempotent: .key("amount")) func f(of amount: Int) {}"#),
        Misused(#"@RelierTask(idempotent: Idempotency.key(▶"somethingElse")) func f(id: Int) {}"#, "no argument 'somethingElse'"),
        Misused(#"@RelierTask(idempotent: .key(▶"x")) func f() {}"#, "it has none"),
        Misused(#"@RelierTask(idempotent: .key("id", ▶"id")) func f(id: Int) {}"#, "named twice"),
        Misused(#"@RelierTask(idempotent: .key(▶"context")) func f(context: TaskContext) {}"#, "which is not an argument"),
        Misused("@RelierTask(idempotent: ▶.key(ttl: .seconds(5))) func f(id: Int) {}", "names no argument"),
        Misused(
            "@RelierTask(idempotent: .automatic) func f(tags: ▶Set<String>) {}", "a Set has no order",
            fixed: "@RelierTask(idempotent: .automatic) func f(tags: [String]) {}"),
        Misused(
            "@RelierTask(idempotent: .automatic) func f(tags: [String: ▶Set<Int>?]) {}", "a Set has no order",
            fixed: "@RelierTask(idempotent: .automatic) func f(tags: [String: [Int]?]) {}"),
        Misused(
            #"@RelierTask(idempotent: .key("tags")) func f(id: Int, tags: ▶Swift.Set<Int>) {}"#, "a Set has no order",
            fixed: #"@RelierTask(idempotent: .key("tags")) func f(id: Int, tags: [Int]) {}"#),
        Misused("@RelierTask(idempotent: .automatic) func f(ages: ▶[UUID: Int]) {}", "stored as an array in random order"),
        Misused("@RelierTask(idempotent: .automatic) func f(ages: ▶Dictionary<Bool, Int>) {}", "stored as an array in random order"),
    ])
    func keys(_ misused: Misused) { misused.check() }

    @Test(arguments: [
        Misused(#"@RelierTask(schedule: .cron("@daily")) func f(▶id: String) {}"#, "give 'id' a default"),
        Misused(
            "@RelierTask(schedule: .every(.minutes(5))) func f(x: Int = 1, of ▶y: Int, z: Int?, context: TaskContext, ▶tags: [String]) {}",
            "give 'y' a default", "give 'tags' a default"),
        Misused(#"@RelierTask(schedule: .cron(▶"61 * * * *")) func f() {}"#, "minute: 61 is not in 0 to 59"),
        Misused(#"@RelierTask(schedule: Schedule.cron(▶"0 0 30 2 *", in: "UTC")) func f() {}"#, "never comes"),
        Misused(#"@RelierTask(schedule: .cron(▶"* * * *", in: ▶"Europe/Berln")) func f() {}"#, "has 4 fields", "not a time zone"),
        Misused("@RelierTask(schedule: .every(▶.milliseconds(500))) func f() {}", "1 second to 3650 days"),
        Misused("@RelierTask(schedule: .every(▶.days(4000), missed: .latest)) func f() {}", "1 second to 3650 days"),
    ])
    func schedules(_ misused: Misused) { misused.check() }

    @Test(arguments: [
        Misused("@RelierTask func f(x: ▶inout Int) {}", "cannot be 'inout'"),
        Misused("@RelierTask func f(x: ▶isolated Worker) async {}", "cannot be 'isolated'"),
        Misused("@RelierTask func f(x: Int▶...) {}", "cannot be variadic", fixed: "@RelierTask func f(x: [Int]) {}"),
        Misused("@RelierTask func f(x: ▶some Codable) {}", "cannot be 'some'"),
        Misused("@RelierTask func f(x: [▶any Codable]) {}", "cannot be 'any'"),
        Misused("@RelierTask func f(x: ▶Any) {}", "cannot be 'Any'"),
        Misused("@RelierTask func f(_ ▶_: Int) {}", "needs a name"),
        Misused("@RelierTask func f(▶_: Int) {}", "needs a name"),
        Misused("@RelierTask func f(then: ▶@escaping () -> Void) {}", "cannot be a closure"),
        Misused("@RelierTask func f(then: (▶() -> Void)?) {}", "cannot be a closure"),
        Misused("@RelierTask func f(x: ▶(Int, Int)) {}", "cannot be a tuple"),
        Misused("@RelierTask func f(x: ▶Int.Type) {}", "cannot be a type"),
        Misused("@RelierTask func f(x: Int▶!) {}", "implicitly unwrapped", fixed: "@RelierTask func f(x: Int?) {}"),
        Misused("@RelierTask func f(▶@Clamped x: Int) {}", "cannot have an attribute"),
        Misused(
            "@RelierTask func f(c: TaskContext▶?) {}", "cannot be optional", fixed: "@RelierTask func f(c: TaskContext) {}"),
        Misused(
            "@RelierTask func f(c: ▶Relier.TaskContext) {}", "names nothing", fixed: "@RelierTask func f(c: TaskContext) {}"),
        Misused("@RelierTask func f(c: [▶TaskContext]) {}", "cannot hold the context"),
        Misused("@RelierTask func f(c: TaskContext, d: ▶TaskContext) {}", "a task has one context"),
        Misused("@RelierTask func f(x: ▶inout Int, _ ▶_: Int) {}", "cannot be 'inout'", "needs a name"),
        Misused("@RelierTask func f() -> ▶some Codable { 1 }", "a task's result cannot be 'some'"),
        Misused("@RelierTask func f() -> (▶(Int) -> Int)? { nil }", "a task's result cannot be a closure"),
        Misused("@RelierTask func f() -> ▶Output { .init() }", "means something else"),
        Misused("@RelierTask func f(▶`self`: Int) {}", "cannot name an argument"),
        Misused("@RelierTask func f(limit: Int = ▶limit) {}", "'limit' is hidden here"),
        Misused(
            "enum Shop { @RelierTask static func f(limit: Int = ▶limit) {} }", "write 'Shop.limit'",
            fixed: "enum Shop { @RelierTask static func f(limit: Int = Shop.limit) {} }"),
    ])
    func parameters(_ misused: Misused) { misused.check() }

    @Test(arguments: [
        Misused("@RelierTask ▶struct S {}", "makes a task of a function"),
        Misused("@RelierTask ▶var x: Int { 1 }", "makes a task of a function"),
        Misused("struct S { @RelierTask ▶init() {} }", "makes a task of a function"),
        Misused("struct S { @RelierTask ▶subscript(x: Int) -> Int { x } }", "makes a task of a function"),
        Misused(
            "struct S { @RelierTask func ▶f(x: Int) {} }", "'f' is an instance method",
            fixed: "struct S { @RelierTask static func f(x: Int) {} }"),
        Misused(
            "struct S { @RelierTask public mutating func ▶f(x: Int) {} }", "'f' is an instance method",
            fixed: "struct S { @RelierTask public static func f(x: Int) {} }"),
        Misused(
            "extension S { @RelierTask func ▶f() async {} }", "'f' is an instance method",
            fixed: "extension S { @RelierTask static func f() async {} }"),
        Misused(
            "class C { @RelierTask ▶class func f() {} }", "cannot be overridden", fixed: "class C { @RelierTask static func f() {} }"),
        Misused("protocol P { @RelierTask static func ▶f() }", "a protocol's requirement"),
        Misused("func g() { @RelierTask func ▶f() {} }", "inside another body"),
        Misused("let g = { @RelierTask func ▶f() {} }", "inside another body"),
        Misused("struct S { var x: Int { @RelierTask func ▶f() {}; return 1 } }", "inside another body"),
        Misused("struct S { @RelierTask static func ▶+ (l: S, r: S) -> S { l } }", "an operator cannot be a task"),
        Misused("@RelierTask func f▶<T>(x: T) {}", "cannot be generic"),
        Misused("struct G<T> { @RelierTask static func ▶f() {} }", "member of a generic type"),
        Misused("struct G<T> { enum E { @RelierTask static func ▶f() {} } }", "member of a generic type"),
        Misused("extension G where T == Int { @RelierTask static func ▶f() {} }", "member of a generic type"),
        Misused(
            "@RelierTask @▶RelierTask func f() {}", "here a second time", fixed: "@RelierTask func f() {}"),
        Misused(
            "@RelierTask\n@▶RelierTask(version: 2)\nfunc f() {}", "here a second time", fixed: "@RelierTask\nfunc f() {}"),
        Misused(
            "@RelierTask ▶@MainActor func f() {}", "never on the main actor", fixed: "@RelierTask @MainActor func f() async {}"),
        Misused(
            "@MainActor enum E { @RelierTask static func ▶f() {} }", "never on the main actor",
            fixed: "@MainActor enum E { @RelierTask static nonisolated func f() {} }"),
    ])
    func placement(_ misused: Misused) { misused.check() }

    /// What is no misuse, however near it comes.
    @Test(arguments: [
        "@RelierTask(softTimeout: .seconds(8)) func f() async {}",
        "@RelierTask(softTimeout: .seconds(8), hardTimeout: limit) func f() async {}",
        "@RelierTask(softTimeout: .seconds(59), hardTimeout: .minutes(1)) func f() async {}",
        "@RelierTask(hardTimeout: nil, onSoftTimeout: nil) func f() {}",
        "@RelierTask(idempotent: .automatic(ttl: .minutes(1)), hardTimeout: .seconds(60)) func f() async {}",
        #"@RelierTask(idempotent: .key("id")) func f(id: Int, tags: Set<Int>) {}"#,
        "@RelierTask(idempotent: .off) func f(tags: Set<Int>, ages: [UUID: Int]) {}",
        "@RelierTask(idempotent: .automatic) func f(a: [String: Int], b: [Int: Int], c: [Key: Int]) {}",
        "@RelierTask func f(tags: Set<Int>) {}",
        "@RelierTask func f(_: TaskContext) {}",
        "@RelierTask func f(x: consuming String, y: sending [Int]) {}",
        #"@RelierTask(queue: "re-queued") func f() {}"#,
        #"@RelierTask(schedule: .cron("30 2 * * MON-FRI", in: "Europe/Berlin")) func f(id: Int = 1, note: String?, c: TaskContext) async {}"#,
        "@RelierTask(schedule: nil) func f(id: Int) {}",
        "@RelierTask(schedule: .every(.seconds(1), missed: .skip)) func f() {}",
        "@RelierTask(schedule: .cron(expression, in: zone)) func f() {}",
        "struct S { @RelierTask static func f() {} }",
        "func g() { enum E { @RelierTask static func f() {} } }",
        "@MainActor enum E { @RelierTask nonisolated static func f() {} }",
        "@MainActor enum E { @RelierTask static func f() async {} }",
    ])
    func inOrder(_ source: String) {
        let expanded = Expanded(source)
        #expect(expanded.findings.isEmpty, "\(expanded.findings.map(\.message))")
        #expect(expanded.text.contains("nonisolated struct $f"))
    }
}
