import Foundation
import Relier
import Synchronization

@testable import FaultFixtures

/// Clients that push at once and steadily, and go on through every fault as a careful program would: what may have arrived is pushed again under its id, what
/// did not arrive is pushed anew.
final class Producers: Sendable {
    struct Accepted: Sendable {
        var id: TaskID
        var text: String
        var at: ContinuousClock.Instant
    }

    private struct State {
        var accepted: [Accepted] = []
        var failures: [(message: String, took: Duration)] = []
        var unknown = 0
    }

    private let relier: Relier
    private let evidence: String
    private let state = Mutex(State())

    init(_ engine: any Engine, evidence: String, settings: ClientSettings = ClientSettings()) {
        relier = Relier(engine, settings: settings)
        self.evidence = evidence
    }

    /// Pushes that returned.
    var accepted: [Accepted] { state.withLock { $0.accepted } }
    /// Pushes that failed, and how long they took for it.
    var failures: [(message: String, took: Duration)] { state.withLock { $0.failures } }
    /// How many pushes did not know whether they had arrived.
    var unknown: Int { state.withLock { $0.unknown } }

    /// Pushes so many notes by so many clients.
    /// - Parameters:
    ///   - pause: of each client after each push.
    ///   - size: of each note at least, in bytes.
    ///   - patience: how long a client goes on with one note.
    func push(
        _ count: Int, clients: Int = 8, pause: Duration = .milliseconds(5), size: Int = 0, patience: Duration = .seconds(120)
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for client in 0..<clients {
                group.addTask { [self] in
                    for number in stride(from: client, to: count, by: clients) {
                        try await push("\(number)".padding(toLength: max(size, "\(number)".count), withPad: ".", startingAt: 0), patience)
                        try await Task.sleep(for: pause)
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    private func push(_ text: String, _ patience: Duration) async throws {
        let task = Note(text: text, evidence: evidence)
        let deadline = ContinuousClock.now + patience
        var id: TaskID?
        while true {
            let start = ContinuousClock.now
            do {
                let receipt = try await relier.push(task, id: id)
                state.withLock { $0.accepted.append(Accepted(id: receipt.id, text: text, at: .now)) }
                return
            } catch let error as PushOutcomeUnknown {
                id = error.ids[0]
                state.withLock { $0.unknown += 1 }
                note(failure: error, since: start)
            } catch let error as EngineError where [.unavailable, .full, .busy, .readOnly].contains(error.code) {
                note(failure: error, since: start)
            }
            if ContinuousClock.now > deadline { throw SceneFailure("a push does not get through: \(failures.last?.message ?? "")") }
            try await Task.sleep(for: .milliseconds(20))  // waits: as a careful client does
        }
    }

    private func note(failure: any Error, since start: ContinuousClock.Instant) {
        state.withLock { $0.failures.append(("\(failure)", start.duration(to: .now))) }
    }
}
