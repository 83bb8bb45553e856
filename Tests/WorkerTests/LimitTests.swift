import Foundation
import Relier
import RelierTesting
import Synchronization
import TestSupport
import Testing

@Suite struct LimitTests {
    /// With an attempt left and with none: the attempt has ended, the body has not, so nobody else of its key may start.
    @Test(arguments: [1, 2]) func aStuckBodyCountsUntilItHasReturned(attempts: Int) async throws {
        let room = Room()
        let number = Room.add(room)
        let types: [any RelierTask.Type] = attempts == 1 ? [Count.self, StuckOnce.self] : [Count.self, StuckTwice.self]
        try await Workbench.run(types) { bench in
            func push(_ key: String) async throws -> TaskReceipt<Int> {
                attempts == 1
                    ? try await bench.relier.push(StuckOnce(key: key, room: number))
                    : try await bench.relier.push(StuckTwice(key: key, room: number))
            }
            let first = try await push("a")
            try await until("its body runs") { room.inside == 1 }
            let second = try await push("a")
            try await until("its attempt has ended") { try await bench.engine.status(of: [first.id])[first.id]?.state != .running }
            // Others come and go, so the worker had every chance.
            for _ in 0..<20 { _ = try await bench.relier.push(Count(label: "beside")).value(timeout: .seconds(30)) }
            #expect(try await second.status() == .waiting)
            #expect(room.inside == 1)
            room.open()
            _ = try await second.value(timeout: .seconds(30))
            if attempts == 1 {
                await #expect(throws: TaskQuarantined.self) { try await first.value(timeout: .seconds(30)) }
            } else {
                _ = try await first.value(timeout: .seconds(30))
            }
            #expect(room.most == 1)
        }
    }
}

/// Where bodies stay until it is opened; counts them.
private final class Room: Sendable {
    private struct State {
        var inside = 0
        var most = 0
        var isOpen = false
    }
    private let state = Mutex(State())
    private static let rooms = Mutex<[Room]>([])

    static func add(_ room: Room) -> Int {
        rooms.withLock { rooms in
            rooms.append(room)
            return rooms.count - 1
        }
    }
    static func numbered(_ number: Int) -> Room { rooms.withLock { $0[number] } }

    var inside: Int { state.withLock { $0.inside } }
    var most: Int { state.withLock { $0.most } }
    func open() { state.withLock { $0.isOpen = true } }

    /// Heeds no cancellation.
    func stay() async {
        state.withLock { state in
            state.inside += 1
            state.most = max(state.most, state.inside)
        }
        while !state.withLock({ $0.isOpen }) {
            await withCheckedContinuation { continuation in
                DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(5)) { continuation.resume() }
            }
        }
        state.withLock { $0.inside -= 1 }
    }
}

private struct StuckOnce: RelierTask {
    static let name = "stuckOnce"
    static let options = TaskOptions(hardTimeout: .milliseconds(100), limits: [.concurrency(1, per: "key")])
    var key: String
    var room: Int

    func run(_ context: TaskContext) async throws -> Int {
        await Room.numbered(room).stay()
        return 1
    }
}

private struct StuckTwice: RelierTask {
    static let name = "stuckTwice"
    static let options = TaskOptions(
        hardTimeout: .milliseconds(100), retry: .fixed(every: .milliseconds(1), maxAttempts: 2), limits: [.concurrency(1, per: "key")])
    var key: String
    var room: Int

    func run(_ context: TaskContext) async throws -> Int {
        await Room.numbered(room).stay()
        return 1
    }
}
