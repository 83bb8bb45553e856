import Foundation
import GRDB
import GRDBSQLite
import Relier

/// What SQLite answered instead of doing it.
struct SQLiteFailure: Error {
    /// The extended result code.
    let code: Int32
    let message: String

    init(connection: OpaquePointer?) {
        code = sqlite3_extended_errcode(connection)
        message = String(cString: sqlite3_errmsg(connection))
    }
}

/// A value to bind where speed does not matter.
enum SQLValue: ExpressibleByNilLiteral, ExpressibleByIntegerLiteral {
    case null
    case int(Int64)
    case text(String)
    case blob(Data)
    case id(UInt64, UInt64)

    init(nilLiteral: ()) { self = .null }
    init(integerLiteral value: Int64) { self = .int(value) }
    static func id(_ id: some Identifier128) -> SQLValue { .id(id.high, id.low) }
    static func int(_ value: Int) -> SQLValue { .int(Int64(value)) }
    static func text(orNull text: String?) -> SQLValue { text.map(SQLValue.text) ?? .null }
    static func int(orNull value: Int64?) -> SQLValue { value.map(SQLValue.int) ?? .null }
    static func time(_ time: EngineTime) -> SQLValue { .int(time.microseconds) }
}

/// One prepared statement, driven through SQLite's C interface: decoding rows and boxing arguments is most of the cost of a task otherwise.
///
/// Between uses it must be reset; ``run()`` and ``Database/rows(_:_:_:)`` do so.
struct SQL {
    private let pointer: OpaquePointer
    /// Keeps the pointer valid; the library finalizes it.
    private let owner: Statement

    init(_ statement: Statement) {
        owner = statement
        pointer = statement.sqliteStatement
    }

    // SQLite copies what is bound this way before the call returns: its constant -1 is a pointer that is never called.
    private static var transient: sqlite3_destructor_type { unsafeBitCast(-1, to: sqlite3_destructor_type.self) }

    func bind(_ index: Int32, _ value: Int64) { sqlite3_bind_int64(pointer, index, value) }
    func bind(_ index: Int32, _ value: Int) { sqlite3_bind_int64(pointer, index, Int64(value)) }
    func bind(_ index: Int32, bits value: UInt64) { sqlite3_bind_int64(pointer, index, Int64(bitPattern: value)) }
    func bindNull(_ index: Int32) { sqlite3_bind_null(pointer, index) }

    func bind(_ index: Int32, orNull value: Int64?) {
        if let value { bind(index, value) } else { bindNull(index) }
    }

    func bind(_ index: Int32, _ value: String) {
        var value = value
        value.withUTF8 { bytes in
            _ = bytes.withMemoryRebound(to: CChar.self) {
                // A null base address would bind NULL for the empty string.
                sqlite3_bind_text(pointer, index, $0.baseAddress ?? UnsafePointer(bitPattern: 1), Int32(clamping: $0.count), Self.transient)
            }
        }
    }

    func bind(_ index: Int32, orNull value: String?) {
        if let value { bind(index, value) } else { bindNull(index) }
    }

    func bind(_ index: Int32, _ value: Data) {
        if value.isEmpty {
            sqlite3_bind_zeroblob(pointer, index, 0)
        } else {
            _ = value.withUnsafeBytes { sqlite3_bind_blob(pointer, index, $0.baseAddress, Int32(clamping: $0.count), Self.transient) }
        }
    }

    func bind(_ index: Int32, orNull value: Data?) {
        if let value { bind(index, value) } else { bindNull(index) }
    }

    func bind(_ index: Int32, _ id: some Identifier128) { bind(index, high: id.high, low: id.low) }

    private func bind(_ index: Int32, high: UInt64, low: UInt64) {
        _ = withUnsafeBytes(of: (high.bigEndian, low.bigEndian)) {
            sqlite3_bind_blob(pointer, index, $0.baseAddress, 16, Self.transient)
        }
    }

    func bind(_ index: Int32, _ value: SQLValue) {
        switch value {
        case .null: bindNull(index)
        case .int(let value): bind(index, value)
        case .text(let value): bind(index, value)
        case .blob(let value): bind(index, value)
        case .id(let high, let low): bind(index, high: high, low: low)
        }
    }

    /// Whether there is a row to read. On a failure the statement is reset.
    func step() throws -> Bool {
        switch sqlite3_step(pointer) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        default:
            let failure = SQLiteFailure(connection: sqlite3_db_handle(pointer))
            sqlite3_reset(pointer)
            throw failure
        }
    }

    func reset() { sqlite3_reset(pointer) }

    /// Runs a statement that gives no rows; answers how many rows it changed.
    @discardableResult
    func run() throws -> Int {
        _ = try step()
        let changes = sqlite3_changes(sqlite3_db_handle(pointer))
        sqlite3_reset(pointer)
        return Int(changes)
    }

    // Columns of the current row, from 0

    func int(_ column: Int32) -> Int64 { sqlite3_column_int64(pointer, column) }
    func bits(_ column: Int32) -> UInt64 { UInt64(bitPattern: sqlite3_column_int64(pointer, column)) }
    func isNull(_ column: Int32) -> Bool { sqlite3_column_type(pointer, column) == SQLITE_NULL }
    func intOrNull(_ column: Int32) -> Int64? { isNull(column) ? nil : int(column) }
    func time(_ column: Int32) -> EngineTime { EngineTime(microseconds: int(column)) }

    func text(_ column: Int32) -> String {
        guard let start = sqlite3_column_text(pointer, column) else { return "" }
        let count = Int(sqlite3_column_bytes(pointer, column))
        return String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    }

    func textOrNull(_ column: Int32) -> String? { isNull(column) ? nil : text(column) }

    func blob(_ column: Int32) -> Data {
        guard let start = sqlite3_column_blob(pointer, column) else { return Data() }
        return Data(bytes: start, count: Int(sqlite3_column_bytes(pointer, column)))
    }

    func blobOrNull(_ column: Int32) -> Data? { isNull(column) ? nil : blob(column) }

    /// An identifier; all zeros where the column does not hold sixteen bytes.
    func id<ID: Identifier128>(_ column: Int32, as type: ID.Type = ID.self) -> ID {
        guard let start = sqlite3_column_blob(pointer, column), sqlite3_column_bytes(pointer, column) == 16 else {
            return ID(high: 0, low: 0)
        }
        return ID(
            high: UInt64(bigEndian: start.loadUnaligned(as: UInt64.self)),
            low: UInt64(bigEndian: start.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
    }
}

extension Database {
    /// The statement, prepared once for the connection.
    func sql(_ text: String) throws -> SQL { SQL(try cachedStatement(sql: text)) }

    /// Runs a statement that gives no rows; answers how many rows it changed.
    @discardableResult
    func run(_ text: String, _ values: SQLValue...) throws -> Int {
        let statement = try sql(text)
        for (index, value) in values.enumerated() { statement.bind(Int32(index + 1), value) }
        return try statement.run()
    }

    /// What `transform` makes of each row, in order. It must not use the same statement again.
    func rows<T>(_ text: String, _ values: SQLValue..., transform: (SQL) throws -> T) throws -> [T] {
        try rows(text, values: values, transform: transform)
    }

    func rows<T>(_ text: String, values: [SQLValue], transform: (SQL) throws -> T) throws -> [T] {
        let statement = try sql(text)
        defer { statement.reset() }
        for (index, value) in values.enumerated() { statement.bind(Int32(index + 1), value) }
        var result: [T] = []
        while try statement.step() { result.append(try transform(statement)) }
        return result
    }

    /// What `transform` makes of the first row; `nil` when there is none.
    func row<T>(_ text: String, _ values: SQLValue..., transform: (SQL) throws -> T) throws -> T? {
        let statement = try sql(text)
        defer { statement.reset() }
        for (index, value) in values.enumerated() { statement.bind(Int32(index + 1), value) }
        return try statement.step() ? try transform(statement) : nil
    }

    /// Whether the query gives a row.
    func exists(_ text: String, _ values: SQLValue...) throws -> Bool {
        let statement = try sql(text)
        defer { statement.reset() }
        for (index, value) in values.enumerated() { statement.bind(Int32(index + 1), value) }
        return try statement.step()
    }
}
