import Foundation
import Testing

@testable import Relier

@Suite struct CoderFuzzTests {
    private static let decoder = JSONDecoder()

    @Test(arguments: 1...120) func bytesAndValuesAreThoseOfFoundation(seed: UInt64) throws {
        var random = SeededGenerator(state: seed)
        let sample = Sample.random(depth: 3, &random)
        let bytes = try CanonicalJSON.encode(sample)
        #expect(String(decoding: bytes, as: UTF8.self) == (try reference(sample)), "seed \(seed)")
        #expect(try CanonicalJSON.decode(Sample.self, from: bytes) == sample, "seed \(seed)")
        let spaced = JSONEncoder()
        spaced.outputFormatting = .prettyPrinted
        #expect(try CanonicalJSON.decode(Sample.self, from: spaced.encode(sample)) == sample, "seed \(seed)")
        let json = try CanonicalJSON.decode(JSONValue.self, from: bytes)
        #expect(try CanonicalJSON.encode(json) == bytes, "seed \(seed)")
        #expect(json.canonicalText() == String(decoding: bytes, as: UTF8.self), "seed \(seed)")
        #expect(try CanonicalJSON.decode(JSONValue.self, from: Data(json.canonicalText(indented: true).utf8)) == json, "seed \(seed)")
    }

    /// Numbers aside, whose literals Foundation does not keep.
    @Test func indentationIsThatOfFoundation() throws {
        var random = SeededGenerator(state: 7)
        var sample = Sample.random(depth: 1, &random)
        sample.price = 0
        let json = try CanonicalJSON.decode(JSONValue.self, from: CanonicalJSON.encode(sample))
        let pretty = JSONEncoder()
        pretty.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
        #expect(json.canonicalText(indented: true) == String(decoding: try pretty.encode(sample), as: UTF8.self))
        #expect(JSONValue.array([[], [:]]).canonicalText(indented: true) == "[\n  [\n\n  ],\n  {\n\n  }\n]")
    }

    private func probe(_ bytes: [UInt8], _ seed: UInt64) {
        let data = Data(bytes)
        func refuses(_ body: () throws -> Void) -> Bool {
            do { try body() } catch {
                #expect(error is DecodingError, "\(error), seed \(seed): \(String(decoding: bytes, as: UTF8.self))")
                return true
            }
            return false
        }
        _ = refuses { _ = try CanonicalJSON.decode(Sample.self, from: data) }
        let isJSON = !refuses { _ = try CanonicalJSON.decode(JSONValue.self, from: data) }
        _ = CanonicalMembers(data)?.value(of: "text")
        // What is taken for JSON here is JSON for Foundation too, save numbers that it cannot hold.
        if isJSON, (try? CanonicalJSON.decode([String: Int].self, from: data)) != nil {
            #expect((try? Self.decoder.decode([String: Int].self, from: data)) != nil, "seed \(seed)")
        }
    }

    @Test func aTextThatEndsEarlyIsRefused() throws {
        var random = SeededGenerator(state: 3)
        let bytes = try Array(CanonicalJSON.encode(Sample.random(depth: 1, &random)))
        for end in 0..<bytes.count {
            #expect(throws: DecodingError.self) { try CanonicalJSON.decode(JSONValue.self, from: Data(bytes[..<end])) }
            probe(Array(bytes[..<end]), 3)
        }
    }

    @Test(arguments: 1...60) func changedBytesNeverCrash(seed: UInt64) throws {
        var random = SeededGenerator(state: seed)
        let bytes = try Array(CanonicalJSON.encode(Sample.random(depth: 1, &random)))
        for _ in 0..<60 {
            var changed = bytes
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let place = Int.random(in: 0..<changed.count, using: &random)
                switch Int.random(in: 0...3, using: &random) {
                case 0: changed[place] ^= UInt8(1) << UInt8.random(in: 0...7, using: &random)
                case 1: changed[place] = Array("{}[]\",:\\e.-+0nt".utf8).randomElement(using: &random) ?? 0
                case 2: changed.remove(at: place)
                default: changed.insert(UInt8(truncatingIfNeeded: random.next()), at: place)
                }
                if changed.isEmpty { changed = [0] }
            }
            probe(changed, seed)
        }
    }

    @Test(arguments: 1...40) func randomBytesOfJSONNeverCrash(seed: UInt64) {
        var random = SeededGenerator(state: seed)
        let alphabet = Array("{}[]\",:\\e.-+019nultrfas \n\u{e9}".utf8) + [0xff, 0xf0, 0]
        for _ in 0..<300 {
            probe((0..<Int.random(in: 0...24, using: &random)).map { _ in alphabet.randomElement(using: &random) ?? 0 }, seed)
        }
    }
}
