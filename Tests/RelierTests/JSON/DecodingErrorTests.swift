import Foundation
import Testing

@testable import Relier

@Suite struct DecodingErrorTests {
    private struct Parcel: Codable, Equatable {
        struct Content: Codable, Equatable {
            var weights: [Int]
            var label: String?
        }
        var content: Content
    }

    @Test(
        arguments: [
            ("{}", "no key content at : No value associated with key CodingKeys(stringValue: \"content\", intValue: nil) (\"content\")."),
            (
                "{\"content\":null}",
                "no value Dictionary<String, Any> at content: Cannot get keyed decoding container -- found null value instead"
            ),
            (
                "{\"content\":[]}",
                "mismatch Dictionary<String, Any> at content: Expected to decode Dictionary<String, Any> but found an array instead."
            ),
            (
                "{\"content\":{\"weights\":[1,null]}}",
                "no value Int at content.weights.Index 1: Cannot get value of type Int -- found null value instead"
            ),
            (
                "{\"content\":{\"weights\":[1,\"x\"]}}",
                "mismatch Int at content.weights.Index 1: Expected to decode Int but found a string instead."
            ),
            (
                "{\"content\":{\"weights\":5}}",
                "mismatch Array<Any> at content.weights: Expected to decode Array<Any> but found number instead."
            ),
            (
                "{\"content\":{\"weights\":null}}",
                "no value Array<Any> at content.weights: Cannot get unkeyed decoding container -- found null value instead"
            ),
            (
                "{\"content\":{\"weights\":[],\"label\":false}}",
                "mismatch String at content.label: Expected to decode String but found bool instead."
            ),
            ("{\"content\":{\"weights\":[],\"label\":null}}", ""),
        ]) func placesAndKinds(json: String, message: String)
    {
        #expect(failure { _ = try decoded(Parcel.self, json) } == message)
        let ours = failure { _ = try decoded(Parcel.self, json) }
        let foundation = failure { _ = try JSONDecoder().decode(Parcel.self, from: Data(json.utf8)) }
        #expect(ours == foundation)
    }

    @Test func typesOfFoundation() {
        #expect(failure { _ = try decoded(URL.self, "\"http://[::\"") } == "corrupted at : Invalid URL string.")
        #expect(failure { _ = try decoded(URL.self, "5") } == "mismatch String at : Expected to decode String but found number instead.")
        #expect(failure { _ = try decoded(Data.self, "\"@@\"") } == "corrupted at : Encountered Data is not valid Base64.")
        #expect(
            failure { _ = try decoded([UUID].self, "[\"x\"]") }
                == "corrupted at Index 0: Attempted to decode UUID from invalid UUID string.")
        #expect(
            failure { _ = try decoded(Date.self, "\"x\"") } == "mismatch Double at : Expected to decode Double but found a string instead.")
        #expect(failure { _ = try decoded(Bool.self, "1") } == "mismatch Bool at : Expected to decode Bool but found number instead.")
        #expect(
            failure { _ = try decoded(Decimal.self, "\"1\"") }
                == "mismatch Decimal at : Expected to decode Decimal but found a string instead.")
        #expect(failure { _ = try decoded([Sample.Colour: Int].self, "{\"pink\":1}") }.hasPrefix("corrupted at pink"))
    }

    @Test(
        arguments: [
            ("", "The text ends where a value was expected, at byte 0 (line 1, column 1)."),
            ("[1,\n 2,]", "Found ']' where a value was expected, at byte 7 (line 2, column 4)."),
            ("[1 2]", "Found '2' where a comma or ']' was expected, at byte 3 (line 1, column 4)."),
            ("{\"a\":1,}", "Found '}' where the name of a member, in quotation marks was expected, at byte 7 (line 1, column 8)."),
            ("{\"a\" 1}", "Found '1' where a colon was expected, at byte 5 (line 1, column 6)."),
            ("[1] x", "Found 'x' where the end of the text was expected, at byte 4 (line 1, column 5)."),
            ("[01]", "This is not a number in JSON, at byte 1 (line 1, column 2)."),
            ("\"\\ud800\"", "A surrogate escape lacks its other half, at byte 1 (line 1, column 2)."),
            ("\"\\udc00\"", "A surrogate escape lacks its other half, at byte 1 (line 1, column 2)."),
            ("\"\\ud800\\u0041\"", "A surrogate escape lacks its other half, at byte 1 (line 1, column 2)."),
            ("\"\\x\"", "JSON does not have this escape, at byte 1 (line 1, column 2)."),
            ("\"\\u12g4\"", "JSON does not have this escape, at byte 1 (line 1, column 2)."),
            ("\"a\nb\"", "A control character in a string needs an escape, at byte 2 (line 1, column 3)."),
            ("[\"a", "The text ends within a string, at byte 1 (line 1, column 2)."),
            ("{\"a\":1,\"b\":2,\"a\":3}", "The object has two members named 'a', at byte 13 (line 1, column 14)."),
            ("{\"a\":1,\"\\u0061\":3}", "The object has two members named 'a', at byte 7 (line 1, column 8)."),
            ("{\"\u{e9}\":1,\"e\u{301}\":3}", "The object has two members named 'e\u{301}', at byte 8 (line 1, column 9)."),
            ("nul", "Found 'n' where a value was expected, at byte 0 (line 1, column 1)."),
            ("\u{a0}1", "Found byte 0xc2 where a value was expected, at byte 0 (line 1, column 1)."),
        ]) func syntax(json: String, message: String)
    {
        #expect(failure { _ = try decoded(JSONValue.self, json) } == "corrupted at : \(message)")
    }

    @Test(
        arguments: [
            [0xff], [0xc0, 0x80], [0xe0, 0x80, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xf8], [0x80], [0xc3], [0xe2, 0x82],
            [0xf0, 0x9f, 0x98],
        ] as [[UInt8]])
    func textThatIsNotUTF8(bytes: [UInt8]) {
        let json = Data([0x22] + bytes + [0x22])
        #expect(
            failure { _ = try CanonicalJSON.decode(String.self, from: json) }
                == "corrupted at : The text is not UTF-8, at byte 1 (line 1, column 2).")
        #expect(failure { _ = try CanonicalJSON.decode(String.self, from: Data([0x22] + bytes)) } != "")
    }

    @Test func aByteOrderMarkIsSkipped() throws { #expect(try decoded([Int].self, "\u{feff}[1]") == [1]) }

    @Test(arguments: ["[", "{\"a\":"]) func nestingEndsAt512(opening: String) {
        let closing = opening == "[" ? "]" : "}"
        func text(_ depth: Int) -> String {
            String(repeating: opening, count: depth) + (opening == "[" ? "" : "1") + String(repeating: closing, count: depth)
        }
        #expect(failure { _ = try decoded(JSONValue.self, text(512)) } == "")
        #expect(failure { _ = try decoded(JSONValue.self, text(513)) }.contains("nested deeper than 512"))
        #expect(
            failure { _ = try decoded(JSONValue.self, String(repeating: opening, count: 1_000_000)) }.contains("nested deeper than 512"))
    }

    @Test func strings() throws {
        #expect(try decoded(String.self, "\"\\u0000a\\ud83d\\ude00\\/\\b\\f\\n\\r\\t\\\"\\\\é\\u00e9\"") == "\0a😀/\u{8}\u{c}\n\r\t\"\\éé")
        #expect(try Array(decoded(String.self, "\"e\u{301}\"").utf8) == Array("e\u{301}".utf8))
    }

    /// Members beyond those that are looked at one by one.
    @Test func manyMembers() throws {
        let members = Dictionary(uniqueKeysWithValues: (0..<500).map { ("name\u{e9}\($0)\n", $0) })
        #expect(try decoded([String: Int].self, encoded(members)) == members)
        var json = "{" + (0..<500).reversed().map { "\"k\($0)\":\($0)" }.joined(separator: ",")
        #expect(try decoded([String: Int].self, json + "}").count == 500)
        json += ",\"k250\":1}"
        #expect(failure { _ = try decoded([String: Int].self, json) }.contains("two members named 'k250'"))
    }

    private struct Walk: Decodable {
        enum Key: String, CodingKey { case a, b, missing, `super` }
        init(from decoder: any Decoder) throws {
            #expect(decoder.userInfo.isEmpty)
            let members = try decoder.container(keyedBy: Key.self)
            #expect(Set(members.allKeys) == [.a, .b])
            #expect(members.contains(.a) && !members.contains(.missing))
            #expect(try members.decodeNil(forKey: .b))
            #expect(failure { _ = try members.decodeNil(forKey: .missing) }.hasPrefix("no key missing at Index 0"))
            #expect(try members.superDecoder().singleValueContainer().decodeNil())
            #expect(
                failure { _ = try members.superDecoder(forKey: .missing).singleValueContainer().decode(Int.self) }
                    == "no value Int at Index 0.missing: Cannot get value of type Int -- found null value instead")
            #expect(try members.decodeIfPresent(Int.self, forKey: .b) == nil)
            #expect(try members.decodeIfPresent([Int].self, forKey: .missing) == nil)
            #expect(try members.decode(Int?.self, forKey: .b) == nil)
            var list = try members.nestedUnkeyedContainer(forKey: .a)
            #expect(list.count == 3 && list.codingPath.map(\.stringValue) == ["Index 0", "a"])
            #expect(try list.decodeNil() == false)
            #expect(try list.decode(Int.self) == 1)
            #expect(
                failure { _ = try list.decode(Int.self) }
                    == "no value Int at Index 0.a.Index 1: Cannot get value of type Int -- found null value instead")
            #expect(list.currentIndex == 1)
            #expect(try list.decodeNil())
            let nested = try list.nestedContainer(keyedBy: Key.self)
            #expect(try nested.superDecoder().singleValueContainer().decode(Int.self) == 7)
            #expect(list.isAtEnd)
            #expect(failure { _ = try list.decode(Int.self) } == "no value Int at Index 0.a.Index 3: Unkeyed container is at end.")
            #expect(failure { _ = try list.superDecoder() }.hasSuffix("Unkeyed container is at end."))
            #expect(try list.decodeIfPresent(Int.self) == nil)
        }
    }

    @Test func containersReadAsFoundationDoes() throws {
        _ = try decoded([Walk].self, "[{\"b\":null,\"a\":[1,null,{\"super\":7}],\"zz\":1}]")
    }
}
