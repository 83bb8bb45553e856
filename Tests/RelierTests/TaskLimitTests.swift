import Foundation
import Testing

@testable import Relier

private protocol Limited: RelierTask where Output == NoOutput {}
extension Limited {
    func run(_ context: TaskContext) async throws -> NoOutput { NoOutput() }
}

@Suite struct TaskLimitTests {
    struct Nothing: Limited {
        static let name = "nothing"
        static let options = TaskOptions(limits: [.concurrency(0)])
    }
    struct NoWindow: Limited {
        static let name = "noWindow"
        static let options = TaskOptions(limits: [.rate(1, every: .zero)])
    }
    struct Unknown: Limited {
        static let name = "unknown"
        static let parameters = ["id"]
        static let options = TaskOptions(limits: [.concurrency(1, per: "di")])
    }
    struct Twice: Limited {
        static let name = "twice"
        static let options = TaskOptions(limits: [.concurrency(1, per: "a", "a")])
    }
    struct Same: Limited {
        static let name = "same"
        static let options = TaskOptions(limits: [.rate(1, every: .seconds(1)), .rate(100, every: .hours(1))])
    }
    struct Sync: Limited {
        static let name = "sync"
        static let parameters = ["customer", "region", "page"]
        static let options = TaskOptions(limits: [
            .concurrency(9), .rate(4, every: .milliseconds(1500), per: "region", "customer"), .concurrency(2, per: "customer"),
        ])
        var customer: String?
        var region: [String: Int]
        var page = 1
    }

    @Test(
        arguments: [
            (Nothing.self, "at least 1"), (NoWindow.self, "1 ms"), (Unknown.self, "'di'"), (Twice.self, "twice"), (Same.self, "two limits"),
        ] as [(any RelierTask.Type, String)])
    func limitsThatCannotWorkAreRefused(type: any RelierTask.Type, says word: String) throws {
        let error = try #require(throws: RegistrationError.self) { try TaskRegistry([type]) }
        #expect(error.description.contains(word) && error.description.contains(type.name), "\(error)")
    }

    @Test func aWorkerPublishesItsLimitsInTheirOrder() throws {
        let kind = try #require(try TaskRegistry([Sync.self]).kinds.first)
        #expect(kind.limits.map(\.kind) == [.keyConcurrency, .keyRate, .taskConcurrency])
        #expect(kind.limits.map(\.phrase) == ["2 at once per customer", "4 starts in 1.5 s per customer, region", "9 at once"])
        #expect(kind.limits.map(\.arguments) == [["customer"], ["customer", "region"], []])
        let stored = try JSONEncoder().encode(kind)
        #expect(try JSONDecoder().decode(TaskKind.self, from: stored) == kind)
        // As a worker without limits wrote it.
        let old = Data(#"{"name":"sync","version":1,"parameters":["a"]}"#.utf8)
        #expect(try JSONDecoder().decode(TaskKind.self, from: old) == TaskKind(name: "sync", version: 1, parameters: ["a"]))
    }

    private func keys(_ task: Sync) throws -> [String] {
        try LimitKeys.make(for: Sync.self, limits: Sync.options.limits, payload: CanonicalJSON.encode(task)).map(\.key)
    }

    @Test func keysFollowTheNamedArgumentsAndNothingElse() throws {
        let one = try keys(Sync(customer: "a", region: ["x": 1, "y": 2]))
        #expect(one.count == 3 && one[2].isEmpty)
        #expect(try keys(Sync(customer: "a", region: ["y": 2, "x": 1], page: 7)) == one)
        let other = try keys(Sync(customer: "b", region: ["x": 1, "y": 2]))
        #expect(other[0] != one[0] && other[1] != one[1])
        let elsewhere = try keys(Sync(customer: "a", region: ["x": 1]))
        #expect(elsewhere[0] == one[0] && elsewhere[1] != one[1])
        let missing = try LimitKeys.make(
            for: Sync.self, limits: Sync.options.limits, payload: Data(#"{"customer":null,"region":{}}"#.utf8))
        #expect(try keys(Sync(customer: nil, region: [:])) == missing.map(\.key))
    }

    @Test func aClientSendsTheLimitsAlong() throws {
        let payload = try CanonicalJSON.encode(Sync(customer: "a", region: [:]))
        let limits = try LimitKeys.make(for: Sync.self, limits: Sync.options.limits, payload: payload)
        #expect(try limits.map(\.rule) == TaskRegistry([Sync.self]).kinds.first?.limits)
    }

    @Test(
        arguments: [
            (#"{}"#, nil), (#"{"a":1}"#, "1"), (#"{"b":2,"a":"x,}\"{"}"#, #""x,}\"{""#),
            (#"{"a":[1,{"b":[2]}],"b":"a"}"#, #"[1,{"b":[2]}]"#),
            (#"{"aa":1,"a":{}}"#, "{}"), (#"{"é":"\\","a":null}"#, "null"), (#"{"x":{"a":1}}"#, nil),
        ] as [(String, String?)])
    func membersAreFoundWithoutDecoding(json: String, value: String?) throws {
        let members = try #require(CanonicalMembers(Data(json.utf8)))
        #expect(members.value(of: "a").map { String(decoding: $0, as: UTF8.self) } == value)
    }

    @Test(arguments: ["", "[]", "1", #"{"a""#, #"{"a":"#, #"{"a":1"#, #"{"a":"x"#, #"{"a":,}"#])
    func whatIsNoObjectHasNoMembers(json: String) {
        #expect(CanonicalMembers(Data(json.utf8)) == nil)
    }

    /// The encoder's own output, whatever is in it.
    @Test func membersAreThoseThatTheEncoderWrote() throws {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<300 {
            var object: [String: JSONValue] = [:]
            for name in ["a", "b", "ü", "z"] where Bool.random(using: &random) { object[name] = Self.value(depth: 3, &random) }
            let members = try #require(CanonicalMembers(CanonicalJSON.encode(object)))
            for name in ["a", "b", "ü", "z"] {
                let found = try members.value(of: name).map { try JSONDecoder().decode(JSONValue.self, from: Data($0)) }
                #expect(found == object[name])
            }
        }
    }

    private static func value(depth: Int, _ random: inout SystemRandomNumberGenerator) -> JSONValue {
        switch Int.random(in: 0..<(depth > 0 ? 6 : 4), using: &random) {
        case 0: .null
        case 1: .integer(Int64.random(in: -9...9, using: &random))
        case 2: .string(["", "\"", "\\", "{,}[]:", "ü\n\u{1}", "a"].randomElement(using: &random) ?? "")
        case 3: .bool(true)
        case 4: .array((0..<Int.random(in: 0...3, using: &random)).map { _ in value(depth: depth - 1, &random) })
        default: .object(["k\"": value(depth: depth - 1, &random), "l": value(depth: depth - 1, &random)])
        }
    }
}
