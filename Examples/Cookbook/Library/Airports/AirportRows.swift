/// How far an import has come: this is what a checkpoint holds.
struct Cursor: Codable, Sendable, Hashable {
    /// How many rows are behind, the header not counted.
    var line: Int
    /// Where the next row begins in the file, in bytes; 0 is before the header.
    var offset: UInt64

    static let start = Cursor(line: 0, offset: 0)

    func advanced(past row: AirportRow) -> Cursor { Cursor(line: row.line, offset: row.end) }
}

/// An airport and its place in the file.
struct AirportRow: Sendable, Hashable {
    var airport: Airport
    /// From 1, the header not counted.
    var line: Int
    /// Where the next row begins, in bytes.
    var end: UInt64
}

/// The rows of `file` behind `cursor`, read as they are asked for.
func rows(of file: String, from cursor: Cursor = .start) -> AirportRows {
    AirportRows(file: file, cursor: cursor)
}

/// A sequence of rows; it throws ``CSVError`` at the first that is not an airport.
struct AirportRows: AsyncSequence {
    let file: String
    let cursor: Cursor

    func makeAsyncIterator() -> Iterator { Iterator(file: file, cursor: cursor) }

    struct Iterator: AsyncIteratorProtocol {
        let file: String
        var cursor: Cursor
        var reader: CSVReader?

        mutating func next() async throws -> AirportRow? {
            var reader = try self.reader ?? open()
            defer { self.reader = reader }
            guard let record = try reader.next() else { return nil }
            let airport = try Airport(fields: record.fields, row: cursor.line + 1)
            let row = AirportRow(airport: airport, line: cursor.line + 1, end: record.end)
            cursor = cursor.advanced(past: row)
            return row
        }

        private func open() throws -> CSVReader {
            var reader = try CSVReader(path: file, offset: cursor.offset)
            if cursor.offset == 0 {
                let header = try reader.next()?.fields ?? []
                guard header == Airport.columns else {
                    let wanted = Airport.columns.joined(separator: ",")
                    throw CSVError("\(file): the first line must be '\(wanted)'; it is '\(header.joined(separator: ","))'")
                }
            }
            return reader
        }
    }
}

extension AsyncSequence {
    /// All elements, for sequences that fit in memory.
    func collected() async throws -> [Element] {
        var elements: [Element] = []
        for try await element in self { elements.append(element) }
        return elements
    }
}
