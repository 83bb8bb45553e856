import Foundation

/// The kernel's count of processes killed for exceeding this control group's memory limit.
struct OutOfMemoryCounter {
    private var last: Int?

    init() { last = Self.read() }

    /// Whether the count has risen since the last call.
    mutating func rose() -> Bool {
        guard let now = Self.read() else { return false }
        defer { last = now }
        return last.map { now > $0 } ?? false
    }

    /// From control groups version 2; `nil` where there are none.
    private static func read() -> Int? {
        guard let groups = try? String(contentsOfFile: "/proc/self/cgroup", encoding: .utf8),
            let line = groups.split(separator: "\n").first(where: { $0.hasPrefix("0::") }),
            let events = try? String(contentsOfFile: "/sys/fs/cgroup\(line.dropFirst(3))/memory.events", encoding: .utf8),
            let count = events.split(separator: "\n").first(where: { $0.hasPrefix("oom_kill ") })
        else { return nil }
        return Int(count.dropFirst("oom_kill ".count))
    }
}
