import Foundation
import RESP
import Relier

extension Partitions {
    /// The suspects of all partitions that could start now, and what runs alone on one host.
    struct Suspects: Sendable {
        /// Those that have lost no worker while they ran alone.
        var shared = 0
        /// Those that have.
        var exclusive = 0
        var running = 0
        /// One of those that run has the host to itself.
        var isExclusive = false

        /// How many claims of workers on the host would be handed one now.
        var claimable: Int {
            if isExclusive { return 0 }
            if shared > 0 { return shared }
            return running == 0 ? min(1, exclusive) : 0
        }
    }

    func suspects(on host: String) async throws(EngineError) -> Suspects {
        let found = try await everywhere { (server) throws(EngineError) in
            try await server.run(Scripts.suspectsWaiting, resends: true) { $0.append(host) }.list.map { $0.integer ?? 0 }
        }
        var sum = Suspects()
        for numbers in found where numbers.count == 4 {
            sum.shared += numbers[0]
            sum.exclusive += numbers[1]
            sum.running += numbers[2]
            sum.isExclusive = sum.isExclusive || numbers[3] == 1
        }
        return sum
    }

    /// One suspect of any partition. Partitions are looked at one after the other, so two claims at the same moment may both see a host where nothing runs.
    func claimSuspect(_ request: ClaimRequest, _ order: [Int]) async throws(EngineError) -> [ClaimedTask] {
        // Each partition knows only of what runs from itself.
        guard request.limit > 0 else { return [] }
        let words = try await members().joined.first { $0.incarnation == request.incarnation }?.words
        let host = words.flatMap { try? JSONDecoder().decode(WorkerInfo.self, from: $0) }?.host
        let found = try await suspects(on: host ?? "")
        if found.isExclusive { return [] }
        var choices: [SuspectChoice] = [.shared]
        if found.running == 0 { choices.append(.exclusive) }
        for choice in choices {
            for partition in order {
                let tasks = try await servers[partition].claim(request, token: .random(in: 0 ... .max), suspects: choice)
                homes.note(tasks.map(\.envelope.id), in: partition)
                if !tasks.isEmpty { return tasks }
            }
        }
        return []
    }
}
