import Foundation
import Relier

extension RandomHistory {
    /// Lets all players die, runs everything that is left, and holds the outcome against the model.
    mutating func settleTheDust() async throws {
        for player in players {
            let report = try await scene.die(player.worker, .signalled(9), maxResurrections: 1000)
            for id in report.quarantined { buried(id) }
        }
        players = []
        let worker = try await scene.join(limits: limits)
        for _ in 0..<50 {
            try await scene.advance(.minutes(11))
            try await scene.tend()
            var claimed = try await worker.claim(1000)
            while let suspect = try await worker.claimSuspect() { claimed.append(suspect) }
            for task in claimed {
                note("in the end \(short(task.id)) commits")
                try scene.expect(try await worker.settle(task, .commit(result: Data("0".utf8))), is: .done, "reply to a commit in the end")
                try await committed(task, Data("0".utf8))
            }
            let left = try await scene.engine.queues().reduce(0) {
                $0 + $1.queued + $1.recovered + $1.scheduled + $1.running + $1.suspects + $1.waiting + $1.parked
            }
            if left == 0 { return try await compare() }
        }
        let queues = try await scene.engine.queues()
        throw scene.failure("tasks are left that nothing brings to an end: \(queues)")
    }

    private func compare() async throws {
        let ids = tasks.keys.sorted()
        let states = try await scene.other.status(of: ids)
        for (id, entry) in tasks.sorted(by: { $0.key < $1.key }) {
            let status = try scene.unwrap(states[id], "status of the accepted task \(id) in the end")
            if entry.isDead {
                try scene.expect(status.state, is: .quarantined, "state of the dead letter \(id)")
            } else {
                try scene.expect(status.state, is: .committed, "state of the task \(id) in the end")
                try scene.expect(status.result, is: entry.committed, "result of the task \(id)")
            }
        }
        let outcomes = try await commitsInHistories(ids)
        for (id, count) in outcomes { try scene.expect(count <= 1, "a history has one commit at most; that of \(id) has \(count)") }
    }

    private func commitsInHistories(_ ids: [TaskID]) async throws -> [TaskID: Int] {
        var counts: [TaskID: Int] = [:]
        for id in ids { counts[id] = try await scene.engine.inspect(id)?.history.filter { $0.outcome == "committed" }.count ?? 0 }
        return counts
    }
}
