import Foundation
import Relier
import Synchronization
import Testing

@testable import RelierRedis

@Suite struct PushLineTests {
    /// Calls that the test lets return one by one.
    private final class Server: Sendable {
        private struct Call {
            let tasks: [NewTask]
            let policy: AdmissionPolicy?
            let answer: CheckedContinuation<Result<[PushOutcome], EngineError>, Never>
        }

        private let calls = Mutex<[Call]>([])
        private let sizes = Mutex<[Int]>([])

        func send(_ tasks: [NewTask], _ policy: AdmissionPolicy?) async throws(EngineError) -> [PushOutcome] {
            let result = await withCheckedContinuation { answer in
                sizes.withLock { $0.append(tasks.count) }
                calls.withLock { $0.append(Call(tasks: tasks, policy: policy, answer: answer)) }
            }
            return try result.get()
        }

        /// How many tasks each call had, in their order.
        var seen: [Int] { sizes.withLock { $0 } }

        func await(_ count: Int) async throws {
            while seen.count < count { try await Task.sleep(for: .milliseconds(1)) }
        }

        /// Answers the oldest call: each task is a duplicate of itself, so that a mixed-up answer shows.
        func answer() {
            let call = calls.withLock { $0.removeFirst() }
            call.answer.resume(returning: .success(call.tasks.map { .duplicate(by: $0.envelope.id) }))
        }

        func fail() { calls.withLock { $0.removeFirst() }.answer.resume(returning: .failure(EngineError(.full, "no room"))) }
    }

    private func task(payload: Int = 10, parent: (id: TaskID, fence: Fence)? = nil) -> NewTask {
        NewTask(
            envelope: Envelope(
                id: .next(), name: "work", version: 1, payload: Data(repeating: 0x20, count: payload),
                enqueuedAt: EngineTime(microseconds: 0)), parent: parent)
    }

    private let server = Server()
    private var line: PushLine {
        PushLine { [server] (tasks, policy) throws(EngineError) in try await server.send(tasks, policy) }
    }

    /// As many calls as go out at once, so that what comes next waits.
    private func occupy(_ line: PushLine) async throws -> [Task<[PushOutcome], any Error>] {
        var calls: [Task<[PushOutcome], any Error>] = []
        for count in 1...PushLine.callsAtOnce {
            let task = task()
            calls.append(Task { try await line.push([task], policy: nil) })
            try await server.await(count)
        }
        return calls
    }

    @Test(.timeLimit(.minutes(1))) func whatComesMeanwhileLeavesTogether() async throws {
        let line = line
        let first = try await occupy(line)
        let waiting = (0..<40).map { _ in task() }
        let pushes = waiting.map { task in Task { try await line.push([task], policy: nil) } }
        while line.waiting < 40 { try await Task.sleep(for: .milliseconds(1)) }
        server.answer()
        try await server.await(PushLine.callsAtOnce + 1)
        #expect(server.seen.last == 40)
        for _ in 0..<PushLine.callsAtOnce { server.answer() }
        for (task, push) in zip(waiting, pushes) { #expect(try await push.value == [.duplicate(by: task.envelope.id)]) }
        for call in first { #expect(try await call.value.count == 1) }
        // Nothing is left behind: the next goes at once.
        let last = Task { try await line.push([task()], policy: nil) }
        try await server.await(PushLine.callsAtOnce + 2)
        server.answer()
        #expect(try await last.value.count == 1)
    }

    @Test(.timeLimit(.minutes(1))) func aFailureReachesTheWholeGroupAndNobodyElse() async throws {
        let line = line
        let first = try await occupy(line)
        let pushes = (0..<5).map { _ in Task { try await line.push([task()], policy: nil) } }
        while line.waiting < 5 { try await Task.sleep(for: .milliseconds(1)) }
        server.answer()
        try await server.await(PushLine.callsAtOnce + 1)
        for _ in 1..<PushLine.callsAtOnce { server.answer() }
        server.fail()
        for push in pushes { await #expect(throws: EngineError.self) { _ = try await push.value } }
        for call in first { #expect(try await call.value.count == 1) }
    }

    @Test(.timeLimit(.minutes(1))) func anotherPolicyIsAnotherCall() async throws {
        let line = line
        _ = try await occupy(line)
        var pushes: [Task<[PushOutcome], any Error>] = []
        for limit in [1, 1, 2] {
            pushes.append(Task { try await line.push([task()], policy: AdmissionPolicy(limit: limit)) })
            while line.waiting < pushes.count { try await Task.sleep(for: .milliseconds(1)) }
        }
        server.answer()
        try await server.await(PushLine.callsAtOnce + 1)
        #expect(server.seen.last == 2)
        server.answer()
        try await server.await(PushLine.callsAtOnce + 2)
        #expect(server.seen.last == 1)
        for _ in 0..<2 { server.answer() }
        for push in pushes { #expect(try await push.value.count == 1) }
    }

    @Test(.timeLimit(.minutes(1))) func largePushesAndThoseOfAParentGoByThemselves() async throws {
        let line = line
        _ = try await occupy(line)
        let parent = (id: TaskID.next(), fence: Fence(number: 1, token: 1))
        let pushes = [[task(payload: 1 << 20)], [task(parent: parent)], (0..<100).map { _ in task() }]
        for (index, tasks) in pushes.enumerated() {
            let push = Task { try await line.push(tasks, policy: nil) }
            try await server.await(PushLine.callsAtOnce + index + 1)
            #expect(server.seen.last == tasks.count)
            push.cancel()
        }
        for _ in 0..<PushLine.callsAtOnce + 3 { server.answer() }
    }
}
