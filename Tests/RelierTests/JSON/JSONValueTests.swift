import Foundation
import Testing

@testable import Relier

@Suite struct JSONValueTests {
    @Test(
        arguments: [
            "1.0", "1e400", "-0", "-0.0", "0.1234567890123456789", "9223372036854775808", "1E+2", "1e-999999999999999999999",
            "123456789012345678901234567890",
        ]) func numbersStayAsTheyCame(literal: String) throws
    {
        #expect(try encoded(decoded(JSONValue.self, literal)) == literal)
        #expect(try encoded(decoded(JSONNumber.self, literal)) == literal)
        let value = try decoded(JSONValue.self, "{\"a\":[\(literal)]}")
        #expect(try encoded(value) == "{\"a\":[\(literal)]}")
        #expect(value.canonicalText() == "{\"a\":[\(literal)]}")
        struct Wrapped: Codable {
            let value: JSONValue
            init(from decoder: any Decoder) throws { value = try JSONValue(from: decoder) }
            func encode(to encoder: any Encoder) throws { try value.encode(to: encoder) }
        }
        #expect(try encoded(decoded([Wrapped].self, "[{\"a\":[\(literal)]}]")) == "[{\"a\":[\(literal)]}]")
    }

    @Test(arguments: ["", "01", ".5", "+1", "1.", "0x1", " 1", "1 ", "NaN", "-", "1e", "1e+", "--1", "1.e5", "Infinity", "1_000", "١"])
    func textThatIsNoNumber(literal: String) { #expect(JSONNumber(literal: literal) == nil) }

    @Test func numbers() throws {
        let whole = try #require(JSONNumber(literal: "1.0"))
        #expect(whole.int64 == 1 && whole.uint64 == 1 && whole.double == 1 && whole.decimal == 1)
        #expect(whole != JSONNumber(1))
        #expect(JSONNumber(UInt64.max).literal == "18446744073709551615" && JSONNumber(UInt64.max).int64 == nil)
        #expect(JSONNumber(UInt64.max).uint64 == .max)
        let large = try #require(JSONNumber(literal: "-1e400"))
        #expect(large.double == -.infinity && large.decimal == nil && large.int64 == nil)
        #expect(JSONNumber(literal: "1e-400")?.double == 0)
        #expect(JSONNumber(2.0)?.literal == "2" && JSONNumber(1e22)?.literal == "1e+22")
        #expect(JSONNumber(Double.nan) == nil && JSONNumber(-Double.infinity) == nil && JSONNumber(Decimal.nan) == nil)
        #expect(JSONNumber(Decimal(string: "0.50") ?? 0)?.literal == "0.5")
        #expect(JSONNumber(literal: "0.1234567890123456789")?.double == 0.12345678901234568)
    }

    @Test func literalsAndExpressions() {
        let value: JSONValue = ["a": 1, "b": [true, .null, 2.5, "x"], "c": .integer(-3), "d": .number(0.5)]
        #expect(value.canonicalText() == "{\"a\":1,\"b\":[true,null,2.5,\"x\"],\"c\":-3,\"d\":0.5}")
        #expect(Optional(Int64(5)).map(JSONValue.integer) == .integer(5))
        #expect(value["c"] == .integer(-3) && value["zz"] == nil && value["b"]?["a"] == nil)
    }

    @Test func whatIsNoNumberIsHeldAndNotEncoded() {
        #expect(failure { _ = try encoded(JSONValue.number(.nan)) } == "invalid at : Unable to encode Double.nan directly in JSON.")
        #expect(JSONValue.number(.infinity).canonicalText() == "null")
        #expect(
            JSONNumber(any: .nan).int64 == nil && JSONNumber(any: .nan).decimal == nil && JSONNumber(any: -.infinity).double == -.infinity)
    }

    @Test func foreignCoders() throws {
        let value: JSONValue = [
            "a": [1, 2.5, "x", true, .null], "b": .number(JSONNumber(UInt64.max)),
            "c": .number(try #require(JSONNumber(literal: "0.12345678901234567890"))),
            "d": .number(1e300), "e": .number(0.1), "f": .integer(.min),
        ]
        let data = try JSONEncoder().encode(value)
        let read = try JSONDecoder().decode(JSONValue.self, from: data)
        #expect(
            read["a"] == value["a"] && read["b"] == value["b"] && read["d"] == value["d"] && read["e"] == value["e"]
                && read["f"] == value["f"])
        #expect(read["c"] == .number(try #require(JSONNumber(literal: "0.1234567890123456789"))))
        for literal in ["1e400", "0.1234567890123456789012345678901234567890123"] {
            #expect(throws: EncodingError.self) { try JSONEncoder().encode([try #require(JSONNumber(literal: literal))]) }
        }
        #expect(try JSONDecoder().decode(JSONValue.self, from: Data("[1.0,-0.5e3,1e200]".utf8)) == [1, -500, 1e200])
    }
}
