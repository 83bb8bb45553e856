import Foundation
import Testing

@testable import Relier

@Suite struct EncodingErrorTests {
    @Test func whatIsNoNumberIsRefusedWithItsPlace() {
        #expect(failure { _ = try encoded(Double.nan) } == "invalid at : Unable to encode Double.nan directly in JSON.")
        #expect(
            failure { _ = try encoded(["b": [1, -Float.infinity]]) }
                == "invalid at b.Index 1: Unable to encode Float.-inf directly in JSON.")
        #expect(
            failure { _ = try encoded(Sample.Shape.box(width: 1, inner: .circle(.nan))) }
                == "invalid at box.inner.circle._0: Unable to encode Double.nan directly in JSON.")
        #expect(failure { _ = try encoded([Decimal.nan]) } == "invalid at Index 0: Unable to encode Decimal.nan directly in JSON.")
        #expect(failure { _ = try encoded(Set([1, .infinity])) }.hasSuffix("Unable to encode Double.inf directly in JSON."))
        #expect(
            failure { _ = try encoded(["x": JSONValue.array([1, .number(.infinity)])]) }
                == "invalid at x.Index 1: Unable to encode Double.inf directly in JSON.")
    }

    private struct Empty: Encodable { func encode(to encoder: any Encoder) throws {} }

    @Test func nothingIsNoValue() {
        #expect(failure { _ = try encoded(Empty()) } == "invalid at : Top-level Empty did not encode any values.")
    }

    private final class Cycle: Encodable {
        let wraps: Bool
        init(wraps: Bool) { self.wraps = wraps }
        func encode(to encoder: any Encoder) throws {
            if wraps {
                var container = encoder.singleValueContainer()
                try container.encode(self)
            } else {
                var container = encoder.unkeyedContainer()
                try container.encode(self)
            }
        }
    }

    @Test(arguments: [true, false]) func aCycleEnds(wraps: Bool) {
        #expect(failure { _ = try encoded(Cycle(wraps: wraps)) }.hasSuffix("The value is nested deeper than 512 arrays and objects."))
    }

    @Test func nestingIsAsDeepAsTheDecoderReads() throws {
        var value: JSONValue = []
        for _ in 1..<512 { value = .array([value]) }
        let text = try encoded(value)
        #expect(text == String(repeating: "[", count: 512) + String(repeating: "]", count: 512))
        #expect(try decoded(JSONValue.self, text) == value)
        #expect(failure { _ = try encoded([value]) }.hasSuffix("nested deeper than 512 arrays and objects."))
        #expect(failure { _ = try encoded(["a": value]) }.hasSuffix("nested deeper than 512 arrays and objects."))
    }

    /// What makes Foundation trap.
    private struct Twice: Encodable {
        let way: Int
        func encode(to encoder: any Encoder) throws {
            var single = encoder.singleValueContainer()
            switch way {
            case 0:
                try single.encode(1)
                try single.encode(2)
            case 1:
                try single.encode(1)
                _ = encoder.unkeyedContainer()
            case 2:
                var list = encoder.unkeyedContainer()
                try list.encode(1)
                var members = encoder.container(keyedBy: JSONPathKey.self)
                try? members.encode(1, forKey: .super)
                _ = members.superEncoder()
            default:
                var list = encoder.unkeyedContainer()
                let outer = list
                try list.encode(
                    Late {
                        var same = outer
                        try same.encode(2)
                    })
            }
        }
    }

    private struct Late: Encodable {
        let body: () throws -> Void
        func encode(to encoder: any Encoder) throws { try body() }
    }

    @Test(arguments: 0...3) func twoValuesInOnePlaceAreRefused(way: Int) {
        let message = failure { _ = try encoded([Twice(way: way)]) }
        #expect(message.hasPrefix("invalid at Index 0"), "\(message)")
    }

    private struct Paths: Encodable {
        enum Key: String, CodingKey { case a, b }
        func encode(to encoder: any Encoder) throws {
            #expect(encoder.codingPath.map(\.stringValue) == ["x", "Index 1"])
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(1, forKey: .a)
            #expect(container.codingPath.map(\.stringValue) == ["x", "Index 1"])
            #expect(encoder.codingPath.map(\.stringValue) == ["x", "Index 1"])
            var nested = container.nestedContainer(keyedBy: Key.self, forKey: .b)
            #expect(nested.codingPath.map(\.stringValue) == ["x", "Index 1", "b"])
            try nested.encode(1, forKey: .a)
            let other = container.superEncoder()
            #expect(other.codingPath.map(\.stringValue) == ["x", "Index 1", "super"])
            #expect(other.userInfo.isEmpty)
        }
    }

    @Test func pathsAreThoseOfTheValue() throws {
        #expect(try encoded(["x": [Sum.number(1), .paths(Paths())]]) == "{\"x\":[1,{\"a\":1,\"b\":{\"a\":1},\"super\":{}}]}")
    }

    private enum Sum: Encodable {
        case number(Int)
        case paths(Paths)
        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .number(let value): try container.encode(value)
            case .paths(let value): try container.encode(value)
            }
        }
    }
}
