import Foundation
import Relier

/// One JSON document on standard output: indented on a terminal, one line for programs.
enum JSONOutput {
    static func write(_ value: JSONValue) throws {
        Console.out(try text(of: value, indented: Console.isTerminal()))
    }

    static func text(of value: JSONValue, indented: Bool = false) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting =
            indented ? [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted] : [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}

extension JSONValue {
    static func of(_ value: String?) -> JSONValue { value.map { .string($0) } ?? .null }
    static func of(_ value: Int?) -> JSONValue { value.map { .integer(Int64($0)) } ?? .null }
    static func of(_ value: EngineTime?) -> JSONValue { .of(value?.iso8601) }
    static func of(_ value: some Identifier128) -> JSONValue { .string(value.description) }
}
