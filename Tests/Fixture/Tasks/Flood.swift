public import Relier

/// Many clients of one process that push at once, and the count of what became of it.
public enum Flood {
    /// Says in `evidence.ready` that it is there, waits for the gate, pushes `tasks` tasks by `clients` clients, one after another each, and writes one line:
    /// how many were admitted, how many were told when to return, and how many met anything else.
    public static func run(_ relier: Relier, clients: Int, tasks: Int, evidence: String, gate: String) async throws {
        try Evidence.append("ready", to: evidence + ".ready")
        try await Evidence.file(gate)
        let counts = await withTaskGroup(of: (admitted: Int, told: Int, other: Int).self) { group in
            for client in 0..<clients {
                group.addTask {
                    var counts = (admitted: 0, told: 0, other: 0)
                    for number in stride(from: client, to: tasks, by: clients) {
                        do {
                            try await relier.push(Note(text: "\(number)", evidence: evidence + ".notes"))
                            counts.admitted += 1
                        } catch let error as AdmissionRejectedError where error.retryAfter > .zero {
                            counts.told += 1
                        } catch {
                            counts.other += 1
                        }
                    }
                    return counts
                }
            }
            return await group.reduce((0, 0, 0)) { ($0.0 + $1.admitted, $0.1 + $1.told, $0.2 + $1.other) }
        }
        try Evidence.append("\(counts.0) \(counts.1) \(counts.2)", to: evidence)
    }
}
