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
}
