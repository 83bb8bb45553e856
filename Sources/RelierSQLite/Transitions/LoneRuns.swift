import GRDB
import Relier

/// The suspects that run on one host now.
struct LoneRuns {
    var count = 0
    /// One of them has the host to itself.
    var isExclusive = false

    /// - Parameter exclusive: the suspect has lost a worker while it ran alone.
    func admits(exclusive: Bool) -> Bool { !isExclusive && (!exclusive || count == 0) }
}

extension Database {
    /// Looks at what runs, so only for whoever wants a suspect.
    func loneRuns(on host: String) throws -> LoneRuns {
        var runs = LoneRuns()
        var hosts: [Int64: Bool] = [:]
        for (holder, id, flags) in try rows(
            "SELECT holder, id, flags FROM task WHERE state = \(StateNumber.running) AND alone = 1",
            transform: { ($0.int(0), $0.id(1, as: TaskID.self), $0.int(2)) })
        {
            let isHere = try hosts[holder] ?? profile(of: holder).map { $0.info.host == host } ?? false
            hosts[holder] = isHere
            guard isHere else { continue }
            runs.count += 1
            if try hasLostAlone(id, flags: flags) { runs.isExclusive = true }
        }
        return runs
    }

    /// Whether a suspect has lost a worker while it ran alone.
    func hasLostAlone(_ id: TaskID, flags: Int64) throws -> Bool {
        try flags & Flag.losses != 0 && exists("SELECT 1 FROM loss WHERE task = ? AND alone > 0", .id(id))
    }
}
