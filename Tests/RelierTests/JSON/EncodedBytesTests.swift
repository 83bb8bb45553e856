import Foundation
import Testing

@testable import Relier

/// The bytes that stored payloads and idempotency keys rest on.
@Suite struct EncodedBytesTests {
    @Test func scalars() throws {
        #expect(try encoded(true) == "true")
        #expect(try encoded(Optional<Int>.none) == "null")
        #expect(
            try encoded("\"\\/\u{8}\u{c}\n\r\t\0\u{1f}\u{7f}\u{2028}é😀") == "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001f\u{7f}\u{2028}é😀\"")
        #expect(try encoded(Date(timeIntervalSinceReferenceDate: 700_000_000.125)) == "700000000.125")
        #expect(try encoded(Data([1, 2, 3, 255])) == "\"AQID/w==\"")
        #expect(try encoded(try #require(URL(string: "https://a.b/c?d=e"))) == "\"https://a.b/c?d=e\"")
        let id = UUID(uuid: (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16))
        #expect(try encoded(id) == "\"01020304-0506-0708-090A-0B0C0D0E0F10\"")
        #expect(try encoded(URL(string: "c/d", relativeTo: URL(string: "https://x.y/"))) == "\"https://x.y/c/d\"")
    }

    @Test func integers() throws {
        #expect(
            try encoded([Int.min, -100_000_000, -99_999_999, -1, 0, 9, 10, 99_999_999, 100_000_000, Int.max])
                == "[-9223372036854775808,-100000000,-99999999,-1,0,9,10,99999999,100000000,9223372036854775807]")
        #expect(try encoded([UInt64.max, 0]) == "[18446744073709551615,0]")
        #expect(try encoded(Int128.min) == "-170141183460469231731687303715884105728")
        #expect(try encoded([UInt128.max]) == "[340282366920938463463374607431768211455]")
        #expect(try encoded(["a": Int128.max]) == "{\"a\":170141183460469231731687303715884105727}")
        #expect(try encoded([Int8.min]) == "[-128]")
        #expect(try encoded([UInt8.max]) == "[255]")
        #expect(try encoded([Int16.min]) == "[-32768]")
        #expect(try encoded([UInt16.max]) == "[65535]")
        #expect(try encoded([Int32.min]) == "[-2147483648]")
        #expect(try encoded([UInt32.max]) == "[4294967295]")
        #expect(try encoded([UInt.max]) == "[18446744073709551615]")
        #expect(try encoded([Int64.min]) == "[-9223372036854775808]")
    }

    @Test func fractions() throws {
        #expect(
            try encoded([1.0, 1e15, 1e16, 1e22, 0.1, -0.0, .leastNonzeroMagnitude, 1e-5, 0.0001, 123_456_789_012_345_680])
                == "[1,1000000000000000,1e+16,1e+22,0.1,-0,5e-324,1e-05,0.0001,1.2345678901234568e+17]")
        #expect(try encoded([Float(1), 1e22, 1e8, 16_777_216, 0.1]) == "[1,1e+22,1e+08,16777216,0.1]")
        let decimals: [(String, String)] = [
            ("123.4500", "123.45"), ("1e30", "1" + String(repeating: "0", count: 30)), ("-0.0001", "-0.0001"), ("0", "0"), ("100", "100"),
            ("0.12345678901234567890123456789012345678", "0.12345678901234567890123456789012345678"),
        ]
        for (text, json) in decimals { #expect(try encoded(try #require(Decimal(string: text))) == json) }
        #expect(try encoded(Decimal(sign: .plus, exponent: -2, significand: 150)) == "1.5")
        #expect(try encoded(Decimal(sign: .plus, exponent: -2, significand: 100)) == "1")
        #expect(try encoded(Decimal(sign: .plus, exponent: 2, significand: 1)) == "100")
    }

    @Test func membersAreSortedByTheirBytes() throws {
        let names = [
            "a", "B", "b", "A", "a10", "a9", "é", "_", "\u{10000}", "\u{ffff}", "a b", "", "a\n", "a!", "a\"", "abcdefgh", "abcdefgi",
            "abcdefghi",
        ]
        let json = try encoded(Dictionary(uniqueKeysWithValues: names.map { ($0, 1) }))
        #expect(
            json == "{\"\":1,\"A\":1,\"B\":1,\"_\":1,\"a\":1,\"a\\n\":1,\"a b\":1,\"a!\":1,\"a\\\"\":1,\"a10\":1,\"a9\":1,\"abcdefgh\":1,"
                + "\"abcdefghi\":1,\"abcdefgi\":1,\"b\":1,\"é\":1,\"\u{ffff}\":1,\"\u{10000}\":1}")
        #expect(try json == reference(Dictionary(uniqueKeysWithValues: names.map { ($0, 1) })))
    }

    @Test func containers() throws {
        #expect(try encoded([Int]()) == "[]")
        #expect(try encoded([String: Int]()) == "{}")
        #expect(try encoded([UUID: Int]()) == "[]")
        #expect(try encoded([1: "a", 10: "b", 2: "c"]) == "{\"1\":\"a\",\"10\":\"b\",\"2\":\"c\"}")
        #expect(try encoded([Sample.Colour.red: 1, .blue: 2]) == "{\"blue\":2,\"red\":1}")
        #expect(try encoded(["a": nil, "b": 1] as [String: Int?]) == "{\"a\":null,\"b\":1}")
        #expect(try encoded([1, nil]) == "[1,null]")
        #expect(
            try encoded([Sample.Shape.point, .circle(2), .box(width: 1, inner: .point)])
                == "[{\"point\":{}},{\"circle\":{\"_0\":2}},{\"box\":{\"inner\":{\"point\":{}},\"width\":1}}]")
        #expect(try encoded([Empty()]) == "[{}]")
        #expect(try encoded(["a": Empty()]) == "{\"a\":{}}")
    }

    private struct Empty: Encodable { func encode(to encoder: any Encoder) throws {} }

    private class Base: Encodable {
        var z = 1
        private enum Key: CodingKey { case z }
        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(z, forKey: .z)
        }
    }

    private final class Derived: Base {
        private enum Key: CodingKey { case a, b }
        override func encode(to encoder: any Encoder) throws {
            try super.encode(to: encoder)
            var container = encoder.container(keyedBy: Key.self)
            try container.encode("x", forKey: .a)
            try super.encode(to: container.superEncoder())
            try super.encode(to: container.superEncoder(forKey: .b))
        }
    }

    @Test func classes() throws {
        #expect(try encoded(Derived()) == "{\"a\":\"x\",\"b\":{\"z\":1},\"super\":{\"z\":1},\"z\":1}")
        #expect(try encoded(Derived()) == reference(Derived()))
    }

    /// Containers that are written to in turns, twice asked for, left empty.
    private struct Interleaved: Encodable {
        enum Key: String, CodingKey { case z, a, m, list }
        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            var first = container.nestedContainer(keyedBy: Key.self, forKey: .z)
            var list = container.nestedUnkeyedContainer(forKey: .list)
            try container.encode([2, 1], forKey: .m)
            try first.encode(1, forKey: .z)
            var inner = list.nestedContainer(keyedBy: Key.self)
            try list.encode("after")
            try inner.encode(true, forKey: .a)
            try inner.encode(2.5, forKey: .z)
            try inner.encode(2, forKey: .a)
            _ = list.superEncoder()
            var deep = list.nestedUnkeyedContainer()
            try deep.encodeNil()
            #expect(list.count == 4)
            #expect(deep.count == 1)
            var again = container.nestedContainer(keyedBy: Key.self, forKey: .z)
            try again.encode("same", forKey: .a)
            _ = container.nestedContainer(keyedBy: Key.self, forKey: .a)
            try [1: 2].encode(to: list.superEncoder())
        }
    }

    @Test func nestedContainersInTurns() throws {
        #expect(
            try encoded(Interleaved())
                == "{\"a\":{},\"list\":[{\"a\":2,\"z\":2.5},\"after\",{},[null],{\"1\":2}],\"m\":[2,1],\"z\":{\"a\":\"same\",\"z\":1}}")
        #expect(try encoded([Interleaved(), Interleaved()]) == reference([Interleaved(), Interleaved()]))
    }

    private struct Forwarding: Encodable {
        struct Rest: Encodable { var zoo = 1, ant = [Empty()] }
        enum Key: CodingKey { case mid }
        func encode(to encoder: any Encoder) throws {
            var single = encoder.singleValueContainer()
            try single.encode(Rest())
            var container = encoder.container(keyedBy: Key.self)
            try container.encode("added", forKey: .mid)
        }
    }

    @Test func membersAreAddedToWhatASingleValueWrote() throws {
        #expect(try encoded([Forwarding()]) == "[{\"ant\":[{}],\"mid\":\"added\",\"zoo\":1}]")
        #expect(try encoded([Forwarding()]) == reference([Forwarding()]))
    }

    private struct Catching: Encodable {
        struct Failing: Encodable {
            func encode(to encoder: any Encoder) throws {
                var container = encoder.unkeyedContainer()
                try container.encode(1)
                var nested = container.nestedContainer(keyedBy: Forwarding.Key.self)
                try nested.encode(1, forKey: .mid)
                try container.encode([["deep": Double.nan]])
            }
        }
        enum Key: String, CodingKey { case z, y, a, b }
        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            try? container.encode(Failing(), forKey: .z)
            try container.encode(1, forKey: .y)
            try? container.encode(Double.infinity, forKey: .b)
            try? container.encode(Failing(), forKey: .b)
            try container.encode([Inner()], forKey: .a)
        }
        struct Inner: Encodable {
            func encode(to encoder: any Encoder) throws {
                var container = encoder.singleValueContainer()
                do { try container.encode(Failing()) } catch { try container.encode("instead") }
            }
        }
    }

    @Test func aFailureThatTheTypeCatchesLeavesNothing() throws {
        #expect(try encoded(Catching()) == "{\"a\":[\"instead\"],\"y\":1}")
    }
}
