import Foundation
import Testing

@testable import Relier

@Suite struct CanonicalMembersTests {
    private func members(_ json: String) throws -> CanonicalMembers { try #require(CanonicalMembers(Data(json.utf8))) }

    private func value(_ name: String, in json: String) throws -> String? {
        try members(json).value(of: name).map { String(decoding: $0, as: UTF8.self) }
    }

    @Test(
        arguments: [
            ("{}", nil), ("{\"a\":1}", "1"), ("{\"b\":2,\"a\":\"x,}\\\"{\"}", "\"x,}\\\"{\""),
            ("{\"a\":[1,{\"b\":[2]}],\"b\":\"a\"}", "[1,{\"b\":[2]}]"),
            ("{\"aa\":1,\"a\":{}}", "{}"), ("{\"é\":\"\\\\\",\"a\":null}", "null"), ("{\"x\":{\"a\":1}}", nil),
            (" { \"\\u0061\" : [ 1.0 , { \"z\" : \"\\u0041\\/\\u000a\" , \"b\" : 1e400 } ] } ", "[1.0,{\"b\":1e400,\"z\":\"A/\\n\"}]"),
        ] as [(String, String?)]) func valuesAreCanonical(json: String, expected: String?) throws
    {
        #expect(try value("a", in: json) == expected)
    }

    @Test func namesMayNeedEscapes() throws {
        let names = ["\"", "\\", "a\"b", "\n", "é", "", "\0", "😀", "a/b"]
        let json = try encoded(Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) }))
        for (index, name) in names.enumerated() { #expect(try value(name, in: json) == "\(index)") }
        #expect(try value("\u{65}\u{301}", in: json) == "4")
    }

    @Test(arguments: [
        "", "[]", "1", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":\"x\"", "{\"a\":,}", "{\"a\":1}x", "{\"a\":1,\"a\":2}", "{\"a\":01}",
    ])
    func whatIsNoObjectHasNoMembers(json: String) { #expect(CanonicalMembers(Data(json.utf8)) == nil) }

    @Test func chosenMembersAreAnObject() throws {
        func object(_ names: [String], _ json: String) throws -> String {
            String(decoding: try members(json).object(of: names), as: UTF8.self)
        }
        let json = "{\"z\": 1, \"a\\n\": {\"y\": 2, \"x\": [ ]}, \"c\": null, \"a!\": 5}"
        #expect(try object(["z", "a\n", "missing", "z", "a!"], json) == "{\"a\\n\":{\"x\":[],\"y\":2},\"a!\":5,\"z\":1}")
        #expect(try object(["c"], json) == "{\"c\":null}")
        #expect(try object([], json) == "{}")
        #expect(try object(["b", "a"], encoded(["a": JSONValue.integer(1), "b": "x", "c": 2.5])) == "{\"a\":1,\"b\":\"x\"}")
    }

    @Test(arguments: 1...20) func membersAreThoseThatTheEncoderWrote(seed: UInt64) throws {
        var random = SeededGenerator(state: seed)
        let bytes = try CanonicalJSON.encode(Sample.random(depth: 2, &random))
        let object = try CanonicalJSON.decode([String: JSONValue].self, from: bytes)
        let found = try #require(CanonicalMembers(bytes))
        for (name, value) in object { #expect(try found.value(of: name).map { Data($0) } == CanonicalJSON.encode(value), "seed \(seed)") }
        #expect(Data(found.object(of: Array(object.keys))) == bytes)
        let some = object.filter { $0.key.count > 4 }
        #expect(try Data(found.object(of: Array(some.keys))) == CanonicalJSON.encode(some))
    }
}
