/// Rows under a head, their columns aligned.
struct TextTable {
    private let head: [String]
    private let rightAligned: Set<Int>
    private var rows: [[String]] = []

    /// - Parameter rightAligned: the columns of numbers, from 0.
    init(_ head: String..., rightAligned: Set<Int> = []) {
        self.head = head
        self.rightAligned = rightAligned
    }

    mutating func add(_ cells: String?...) {
        rows.append(cells.map { Console.safe($0 ?? "-") })
    }

    /// The lines, without white space at their ends.
    var text: String {
        let widths = head.indices.map { column in ([head] + rows).map { $0[column].count }.max() ?? 0 }
        return ([head] + rows).enumerated().map { index, row in
            let line = row.indices.map { column in
                let space = String(repeating: " ", count: widths[column] - row[column].count)
                return rightAligned.contains(column) ? space + row[column] : row[column] + space
            }.joined(separator: "  ")[...].trimmedEnd
            return index == 0 ? Console.coloured(String(line), "1") : String(line)
        }.joined(separator: "\n")
    }
}
