import Foundation
import Logging
import Relier
import RelierTesting
import TestSupport
import Testing

@testable import CookbookLibrary

/// Pattern 8: a real server and real clients over HTTP.
@Suite(.serialized) struct TaskServiceTests {
    private func serve(_ relier: Relier, _ body: @Sendable (TaskServiceClient) async throws -> Void) async throws {
        let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { continuation.finish() }
                try await TaskService(relier: relier).run { continuation.yield($0) }
            }
            var iterator = ports.makeAsyncIterator()
            let port = try #require(await iterator.next())
            try await body(TaskServiceClient(url: "http://127.0.0.1:\(port)"))
            group.cancelAll()
            // The service ends by the cancellation, which is no error here.
            while await group.nextResult() != nil {}
        }
    }

    private func withRelier(
        _ policy: AdmissionPolicy, _ body: @Sendable (Relier) async throws -> Void
    ) async throws {
        try await withTemporaryDirectory { directory in
            let place = TestPlace(in: directory.path)
            let engine = try place.engine()
            try await body(Relier(engine, settings: ClientSettings(admission: policy)))
            try await place.remove(engine)
        }
    }

    /// All requests in one window: the test moves the clock, and a server's own adds less than ten seconds to that.
    @Test func underLoadItAnswers202UpToTheLimitAnd429Beyond() async throws {
        try await withTemporaryDirectory { directory in
            let place = TestPlace(in: directory.path)
            let (engine, advance) = try place.movable()
            let relier = Relier(engine, settings: ClientSettings(admission: AdmissionPolicy(limit: 200, window: .milliseconds(59_300))))
            try await serve(relier) { client in
                let answers = try await withThrowingTaskGroup(of: TaskServiceClient.Answer.self) { group in
                    for item in 0..<500 { group.addTask { try await client.submit("item-\(item)") } }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                var ids: Set<TaskID> = []
                for case .accepted(let id) in answers { ids.insert(id) }
                #expect(ids.count == 200)
                // Whole seconds, so that who obeys comes in time.
                let waits = answers.compactMap(\.retryAfter)
                #expect(waits.count == 300 && waits.allSatisfy { (50...60).contains($0) })
                if TestPlace.isFile { #expect(Set(waits) == [60]) }
                #expect(try await relier.engine.status(of: Array(ids)).count == 200)
                #expect(try await relier.engine.admission().backlog == 200)
                try await advance(.seconds(49))
                #expect((1...11).contains(try await client.submit("late").retryAfter ?? 0))
                try await advance(.seconds(11))
                guard case .accepted = try await client.submit("in time") else { throw NeverHappened(description: "an open window") }
            }
            try await place.remove(engine)
        }
    }

    @Test func clientsThatObeyAllGetIn() async throws {
        try await withRelier(AdmissionPolicy(limit: 40, window: .seconds(2))) { relier in
            try await serve(relier) { client in
                let start = ContinuousClock.now
                let submissions = try await withThrowingTaskGroup(of: (id: TaskID, rejections: Int).self) { group in
                    for item in 0..<100 { group.addTask { try await client.submitPatiently("item-\(item)") } }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(Set(submissions.map(\.id)).count == 100)
                #expect(try await relier.engine.admission().backlog == 100)
                #expect(submissions.contains { $0.rejections > 0 })
                // The third window opens when two have ended: 100 do not fit into fewer.
                #expect(start.duration(to: .now) >= .seconds(4))
            }
        }
    }

    @Test func withoutAnEngineItAnswers503() async throws {
        try await withRelier(AdmissionPolicy(limit: 5)) { relier in
            let lossy = LossyEngine(relier.engine)
            try await serve(Relier(lossy, settings: relier.settings)) { client in
                let before = try await client.health("ready")
                #expect(before == 200)
                lossy.failEverything(.unavailable)
                #expect(try await client.submit("lost") == .busy(status: 503, retryAfter: 5))
                #expect(try await client.health("live") == 200)
                #expect(try await client.health("ready") == 503)
                // Whether that task is in is not known: a client that pushed again might push another.
                lossy.failEverything(.replyLost)
                await #expect(throws: TaskServiceError.self) { try await client.submit("unknown") }
                lossy.failEverything(nil)
                #expect(try await client.health("ready") == 200)
            }
            #expect(try await relier.engine.admission().window?.admitted == 1)
        }
    }
}

extension TaskServiceClient.Answer {
    /// The seconds after which a busy service said to come back.
    fileprivate var retryAfter: Int? {
        if case .busy(429, let seconds) = self { seconds } else { nil }
    }
}
