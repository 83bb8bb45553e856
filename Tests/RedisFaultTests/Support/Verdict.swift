import Foundation
import Relier
import TestSupport
import Testing

/// What has become of tasks: by their bodies' evidence, which no engine wrote, and by the engine's own account.
struct Verdict: CustomStringConvertible {
    var tasks = 0
    /// Without a record, though its push had returned.
    var missing: [Producers.Accepted] = []
    /// Whose bodies left no line.
    var neverRan = 0
    /// Whose bodies left more than one line.
    var ranAgain = 0
    /// With another number of commits than one in their history.
    var notCommittedOnce = 0
    var resurrections = 0

    var description: String {
        "\(tasks) tasks: \(missing.count) missing, \(neverRan) never ran, \(ranAgain) ran again, \(notCommittedOnce) not committed once, "
            + "\(resurrections) resurrections"
    }

    /// Waits until nothing is left to do, then looks at each task.
    static func of(
        _ accepted: [Producers.Accepted], in scene: RedisScene, by engine: any Engine, within limit: Duration = .seconds(90)
    ) async throws -> Verdict {
        try await until("nothing is queued or in flight", within: limit) {
            guard let queues = try? await engine.queues() else { return false }
            return queues.allSatisfy { $0.queued + $0.recovered + $0.scheduled + $0.running + $0.parked + $0.suspects + $0.waiting == 0 }
        }
        var lines: [Substring: Int] = [:]
        for line in scene.lines() { lines[line.prefix { $0 != "." }, default: 0] += 1 }
        var verdict = Verdict(tasks: accepted.count)
        for task in accepted {
            let runs = lines[task.text.prefix { $0 != "." }, default: 0]
            if runs == 0 { verdict.neverRan += 1 }
            if runs > 1 { verdict.ranAgain += 1 }
            guard let details = try await engine.inspect(task.id) else {
                verdict.missing.append(task)
                continue
            }
            if details.summary.state != .committed || details.history.count(where: { $0.outcome == "committed" }) != 1 {
                verdict.notCommittedOnce += 1
            }
            verdict.resurrections += details.summary.resurrections
        }
        return verdict
    }

    /// Nothing was lost or doubled.
    func expectExact(ranOnce: Bool = true, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(missing.isEmpty && neverRan == 0 && notCommittedOnce == 0, "\(self)", sourceLocation: sourceLocation)
        if ranOnce { #expect(ranAgain == 0, "\(self)", sourceLocation: sourceLocation) }
    }
}

/// Figures of a run, for whoever reads along.
func tell(_ text: String) { FileHandle.standardError.write(Data("redis faults: \(text)\n".utf8)) }
