import Foundation
import Relier

/// One JSON document on standard output: indented on a terminal, one line for programs.
enum JSONOutput {
    static func write(_ value: JSONValue) throws {
        Console.out(text(of: value, indented: Console.isTerminal()))
    }

    static func text(of value: JSONValue, indented: Bool = false) -> String {
        value.canonicalText(indented: indented)
    }
}

extension JSONValue {
    static func of(_ value: String?) -> JSONValue { value.map { .string($0) } ?? .null }
    static func of(_ value: Int?) -> JSONValue { value.map { .integer(Int64($0)) } ?? .null }
    static func of(_ value: EngineTime?) -> JSONValue { .of(value?.iso8601) }
    static func of(_ value: some Identifier128) -> JSONValue { .string(value.description) }
}
