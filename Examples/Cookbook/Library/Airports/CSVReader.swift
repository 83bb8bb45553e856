import Foundation

/// Reads a CSV file (RFC 4180) record by record, without holding the file in memory.
///
/// A field may be quoted; a quoted field may hold commas, line breaks and doubled quotes. Lines end with LF or CRLF.
struct CSVReader {
    /// One record and where the next one begins, in bytes from the start of the file.
    struct Record: Equatable {
        var fields: [String]
        var end: UInt64
    }

    private let path: String
    private let file: FileHandle
    private var buffer = Data()
    private var position = 0
    private var offset: UInt64

    /// - Parameter offset: where to start: 0, or the ``Record/end`` of an earlier record.
    /// - Throws: ``CSVError`` when the file cannot be opened.
    init(path: String, offset: UInt64 = 0) throws {
        guard let file = FileHandle(forReadingAtPath: path) else {
            throw CSVError("\(path): no such file, or it cannot be read; give the path of a CSV file")
        }
        try file.seek(toOffset: offset)
        self.path = path
        self.file = file
        self.offset = offset
    }

    /// The next record; `nil` at the end of the file. Empty lines are passed over.
    /// - Throws: ``CSVError`` for a quote that is never closed, and for bytes that are not UTF-8.
    mutating func next() throws -> Record? {
        var fields: [String] = []
        var field: [UInt8] = []
        var isQuoted = false
        var wasQuoted = false
        let start = offset
        while let byte = try nextByte() {
            if isQuoted {
                if byte != UInt8(ascii: "\"") {
                    field.append(byte)
                } else if try peek() == UInt8(ascii: "\"") {
                    field.append(byte)
                    _ = try nextByte()
                } else {
                    isQuoted = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\"") where field.isEmpty && !wasQuoted:
                isQuoted = true
                wasQuoted = true
            case UInt8(ascii: ","):
                fields.append(try text(field, at: start))
                field = []
                wasQuoted = false
            case UInt8(ascii: "\n"):
                if !wasQuoted && field.last == UInt8(ascii: "\r") { field.removeLast() }
                if fields.isEmpty && field.isEmpty && !wasQuoted { continue }
                fields.append(try text(field, at: start))
                return Record(fields: fields, end: offset)
            case UInt8(ascii: "\r") where wasQuoted:
                break
            default:
                field.append(byte)
            }
        }
        if isQuoted { throw CSVError("\(path): the record at byte \(start) opens a quote that is never closed") }
        if fields.isEmpty && field.isEmpty && !wasQuoted { return nil }
        fields.append(try text(field, at: start))
        return Record(fields: fields, end: offset)
    }

    private func text(_ bytes: [UInt8], at start: UInt64) throws -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw CSVError("\(path): the record at byte \(start) is not UTF-8")
        }
        return text
    }

    private mutating func peek() throws -> UInt8? {
        if position == buffer.count {
            buffer = try file.read(upToCount: 1 << 16) ?? Data()
            position = 0
        }
        return position < buffer.count ? buffer[buffer.startIndex + position] : nil
    }

    private mutating func nextByte() throws -> UInt8? {
        guard let byte = try peek() else { return nil }
        position += 1
        offset += 1
        return byte
    }
}

/// A file that is not the CSV it should be: what, where, what to do.
struct CSVError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
