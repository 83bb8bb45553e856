/// What a column of a ``TextTable`` shows.
protocol TableCell {
    /// As it was stored, with whatever control characters.
    var text: String { get }
    /// An ANSI code; `nil` for none. Colour is applied last, so that it takes part neither in escaping nor in padding.
    var colour: String? { get }
}

extension String: TableCell {
    var text: String { self }
    var colour: String? { nil }
}

/// A cell in a colour, where the output is a terminal.
struct ColouredCell: TableCell {
    let text: String
    let colour: String?
}

/// Rows under a head, their columns aligned.
struct TextTable {
    private struct Cell {
        let text: String
        let colour: String?
    }

    private let head: [Cell]
    private let rightAligned: Set<Int>
    private var rows: [[Cell]] = []

    /// - Parameter rightAligned: the columns of numbers, from 0.
    init(_ head: String..., rightAligned: Set<Int> = []) {
        self.head = head.map { Cell(text: $0, colour: nil) }
        self.rightAligned = rightAligned
    }

    mutating func add(_ cells: (any TableCell)?...) {
        rows.append(cells.map { Cell(text: Console.safe($0?.text ?? "-"), colour: $0?.colour) })
    }

    /// The lines, without white space at their ends.
    var text: String { text(isColoured: Console.hasColours()) }

    func text(isColoured: Bool) -> String {
        let widths = head.indices.map { column in ([head] + rows).map { $0[column].text.count }.max() ?? 0 }
        return ([head] + rows).enumerated().map { index, row in
            let cells = row.indices.map { column in
                let cell = row[column]
                let shown = isColoured ? cell.colour.map { Console.painted(cell.text, $0) } ?? cell.text : cell.text
                let space = String(repeating: " ", count: widths[column] - cell.text.count)
                return rightAligned.contains(column) ? space + shown : shown + space
            }
            let line = String(cells.joined(separator: "  ")[...].trimmedEnd)
            return index == 0 && isColoured ? Console.painted(line, "1") : line
        }.joined(separator: "\n")
    }
}
