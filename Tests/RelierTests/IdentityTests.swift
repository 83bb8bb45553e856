import Foundation
import Testing

@testable import Relier

@Suite struct IdentityTests {
    @Test func newIDsRiseAndAreVersion7() {
        let ids = (0..<10_000).map { _ in TaskID.next() }
        #expect(ids == ids.sorted())
        #expect(Set(ids).count == ids.count)
        for id in ids.prefix(100) {
            #expect(id.high >> 12 & 0xf == 7)
            #expect(id.low >> 62 == 0b10)
        }
    }

    @Test func textGoesThereAndBack() throws {
        let id = TaskID.next()
        #expect(TaskID(id.description) == id)
        #expect(id.description == id.uuid.uuidString.lowercased())
        #expect(TaskID(bytes: id.bytes) == id)
        #expect(TaskID("nonsense") == nil)
        #expect(try JSONDecoder().decode([TaskID].self, from: JSONEncoder().encode([id])) == [id])
    }

    @Test func childrenDependOnWhatTheyAreAndNothingElse() {
        let parent = TaskID.next()
        let payload = Data(#"{"id":1}"#.utf8)
        let child = TaskID.child(of: parent, name: "a", payload: payload, discriminator: nil)
        #expect(child == TaskID.child(of: parent, name: "a", payload: payload, discriminator: nil))
        #expect(child != TaskID.child(of: parent, name: "a", payload: payload, discriminator: "2"))
        #expect(child != TaskID.child(of: parent, name: "b", payload: payload, discriminator: nil))
        #expect(child != TaskID.child(of: .next(), name: "a", payload: payload, discriminator: nil))
        #expect(child.high >> 12 & 0xf == 8 && child.low >> 62 == 2, "a UUIDv8")
        #expect(child.high >> 16 == parent.high >> 16, "with its parent's time in front")
    }

    @Test func theChecksumCoversEveryPart() {
        let time = EngineTime(microseconds: 1)
        let envelope = Envelope(id: .next(), name: "a", version: 1, payload: Data("{}".utf8), enqueuedAt: time)
        #expect(envelope.isIntact)
        var other = envelope
        other.payload = Data("{ }".utf8)
        #expect(!other.isIntact)
        other = envelope
        other.name = "b"
        #expect(!other.isIntact)
        other = envelope
        other.version = 2
        #expect(!other.isIntact)
        other = envelope
        other.id = .next()
        #expect(!other.isIntact)
    }

    @Test func keysFollowTheArgumentsThatCount() throws {
        struct Whole: RelierTask {
            static let name = "whole"
            static var options: TaskOptions { TaskOptions(idempotent: .automatic) }
            var a: Int
            var b: String
            func run(_ context: TaskContext) async throws -> NoOutput { NoOutput() }
        }
        struct Part: RelierTask {
            static let name = "part"
            static var options: TaskOptions { TaskOptions(idempotent: .key("a")) }
            var a: Int
            var b: String
            func run(_ context: TaskContext) async throws -> NoOutput { NoOutput() }
        }
        func key<Work: RelierTask>(_ task: Work) throws -> String? {
            try TaskKey.make(for: Work.self, payload: CanonicalJSON.encode(task))
        }
        #expect(try key(Whole(a: 1, b: "x")) == key(Whole(a: 1, b: "x")))
        #expect(try key(Whole(a: 1, b: "x")) != key(Whole(a: 1, b: "y")))
        #expect(try key(Part(a: 1, b: "x")) == key(Part(a: 1, b: "y")))
        #expect(try key(Part(a: 1, b: "x")) != key(Part(a: 2, b: "x")))
        #expect(try key(Part(a: 1, b: "x")) != key(Whole(a: 1, b: "x")))
    }

    @Test func numbersThatDifferInTheLastDigitAreTwoOperations() throws {
        struct Unsigned: RelierTask {
            static let name = "unsigned"
            static var options: TaskOptions { TaskOptions(idempotent: .key("account")) }
            var account: UInt64
            func run(_ context: TaskContext) async throws -> NoOutput { NoOutput() }
        }
        struct Exact: RelierTask {
            static let name = "exact"
            static var options: TaskOptions { TaskOptions(idempotent: .key("account")) }
            var account: Decimal
            func run(_ context: TaskContext) async throws -> NoOutput { NoOutput() }
        }
        struct Untyped: RelierTask {
            static let name = "untyped"
            static var options: TaskOptions { TaskOptions(idempotent: .key("account")) }
            var account: JSONValue
            func run(_ context: TaskContext) async throws -> NoOutput { NoOutput() }
        }
        func key<Work: RelierTask>(_ task: Work) throws -> String? {
            try TaskKey.make(for: Work.self, payload: CanonicalJSON.encode(task))
        }
        #expect(try key(Unsigned(account: 9_223_372_036_854_775_809)) != key(Unsigned(account: 9_223_372_036_854_775_810)))
        let decimals = try ["100000000000000000.01", "100000000000000000.02"].map { try #require(Decimal(string: $0)) }
        #expect(try key(Exact(account: decimals[0])) != key(Exact(account: decimals[1])))
        #expect(try key(Exact(account: decimals[0])) == key(Exact(account: decimals[0])))
        func number(_ literal: String) throws -> JSONValue { .number(try #require(JSONNumber(literal: literal))) }
        #expect(try key(Untyped(account: number("0.1"))) != key(Untyped(account: number("0.10000000000000000001"))))
        // As text and as a value it is the same operation.
        let pushed = try CanonicalJSON.decode(Exact.self, from: Data(#"{ "account" : 100000000000000000.010 }"#.utf8))
        #expect(try key(pushed) == key(Exact(account: decimals[0])))
    }

    /// Sets and dictionaries are enumerated in another order in each process, and in each instance of another capacity.
    @Test func childrenWithUnorderedArgumentsAreTheSame() throws {
        struct Letter: Codable { var to: Set<String> }
        enum Tray: String, Codable { case left, right, middle }
        struct Child: RelierTask {
            static let name = "child"
            var letter: Letter
            var counts: [UUID: Int]
            var trays: [Tray: Int]
            func run(_ context: TaskContext) async throws -> NoOutput { NoOutput() }
        }
        let parent = TaskID.next()
        let names = (0..<40).map { "name \($0)" }
        let uuids = (0..<40).map { _ in UUID() }
        func child(_ capacity: Int, reversed: Bool) throws -> TaskID {
            var to = Set<String>(minimumCapacity: capacity)
            var counts = [UUID: Int](minimumCapacity: capacity)
            for index in reversed ? Array((0..<40).reversed()) : Array(0..<40) {
                to.insert(names[index])
                counts[uuids[index]] = index
            }
            let child = Child(letter: Letter(to: to), counts: counts, trays: reversed ? [.right: 2, .left: 1] : [.left: 1, .right: 2])
            let decoded = try CanonicalJSON.decode(Child.self, from: CanonicalJSON.encode(child))
            #expect(decoded.letter.to == to && decoded.counts == counts && decoded.trays == child.trays)
            return TaskID.child(of: parent, name: "child", payload: try CanonicalJSON.encode(child), discriminator: nil)
        }
        #expect(try child(40, reversed: false) == child(4000, reversed: true))
    }
}
