/// The name that was probably meant.
enum NearestName {
    /// - Returns: the candidate with the fewest edits, if those are at most a third of its letters, or two; `nil` otherwise.
    static func of(_ name: String, among candidates: [String]) -> String? {
        candidates.map { ($0, distance(name.lowercased(), $0.lowercased())) }
            .filter { $0.1 <= max(2, $0.0.count / 3) }
            .min { $0.1 < $1.1 }?.0
    }

    private static func distance(_ left: String, _ right: String) -> Int {
        let right = Array(right)
        var row = Array(0...right.count)
        for (index, letter) in left.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for (column, other) in right.enumerated() {
                let above = row[column + 1]
                row[column + 1] = min(above + 1, row[column] + 1, diagonal + (letter == other ? 0 : 1))
                diagonal = above
            }
        }
        return row[right.count]
    }
}
