/// The name that somebody probably meant.
enum NearestName {
    /// The candidate with the fewest changes to it, if they are few: at most a third of its length, and at least two are allowed.
    static func of(_ name: String, among candidates: some Sequence<String>) -> String? {
        candidates.map { (distance(name, $0), $0) }
            .filter { $0.0 <= max(2, min(name.count, $0.1.count) / 3) }
            .min { ($0.0, $0.1) < ($1.0, $1.1) }?.1
    }

    /// Insertions, deletions, replacements and swaps of neighbours between two names; letter case does not count.
    static func distance(_ left: String, _ right: String) -> Int {
        let left = Array(left.lowercased())
        let right = Array(right.lowercased())
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for i in 0..<left.count {
            var row = [i + 1]
            for j in 0..<right.count {
                var cost = min(last[j + 1] + 1, row[j] + 1, last[j] + (left[i] == right[j] ? 0 : 1))
                if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] { cost = min(cost, beforeLast[j - 1] + 1) }
                row.append(cost)
            }
            beforeLast = last
            last = row
        }
        return last[right.count]
    }
}
