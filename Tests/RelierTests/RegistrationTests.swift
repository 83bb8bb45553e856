import Testing

@testable import Relier

/// A task whose options each test chooses.
private protocol Shaped: RelierTask where Output == NoOutput {}
extension Shaped {
    func run(_ context: TaskContext) async throws -> NoOutput { NoOutput() }
}

@Suite struct RegistrationTests {
    struct Plain: Shaped { static let name = "plain" }
    struct Twin: Shaped { static let name = "plain" }
    struct IntoRequeue: Shaped {
        static let name = "intoRequeue"
        static var options: TaskOptions { TaskOptions(queue: "re-queue") }
    }
    struct SoftOverHard: Shaped {
        static let name = "softOverHard"
        static var options: TaskOptions { TaskOptions(softTimeout: .seconds(10), hardTimeout: .seconds(10)) }
    }
    struct ShortKey: Shaped {
        static let name = "shortKey"
        static var options: TaskOptions { TaskOptions(idempotent: .automatic(ttl: .seconds(5)), hardTimeout: .seconds(10)) }
    }
    struct WrongArgument: Shaped {
        static let name = "wrongArgument"
        static let parameters = ["id"]
        static var options: TaskOptions { TaskOptions(idempotent: .key("di")) }
    }
    struct Versionless: Shaped {
        static let name = "versionless"
        static var options: TaskOptions { TaskOptions(version: 0) }
    }
    struct Blocked: BlockingRelierTask {
        static let name = "blocked"
        static var options: TaskOptions { TaskOptions(hardTimeout: .seconds(1)) }
        func run(_ context: TaskContext) throws -> NoOutput { NoOutput() }
    }

    @Test func twoTasksOfOneNameAreRefused() throws {
        let error = try #require(throws: RegistrationError.self) { try TaskRegistry([Plain.self, Twin.self]) }
        #expect(error.description.contains("'plain'"))
        #expect(error.description.contains("Plain") && error.description.contains("Twin"))
    }

    @Test(
        arguments: [
            (IntoRequeue.self, "re-queue"), (SoftOverHard.self, "soft timeout"), (ShortKey.self, "time to live"),
            (WrongArgument.self, "'di'"), (Versionless.self, "version"), (Blocked.self, "synchronous"),
        ] as [(any RelierTask.Type, String)])
    func whatCanNeverWorkIsRefused(type: any RelierTask.Type, says word: String) throws {
        let error = try #require(throws: RegistrationError.self) { try TaskRegistry([type]) }
        #expect(error.description.contains(word), "\(error)")
        #expect(error.description.contains(type.name))
    }

    @Test func aGoodListPublishesItsKinds() throws {
        #expect(try TaskRegistry([Plain.self]).kinds == [TaskKind(name: "plain", version: 1)])
    }

    @Test(arguments: ["", "re-queue", "a,b", "a\nb", String(repeating: "x", count: 129)]) func badQueueNames(name: String) {
        #expect(Queue(name).objection != nil)
    }
}
