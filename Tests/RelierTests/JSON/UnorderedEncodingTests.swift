import Foundation
import Testing

@testable import Relier

/// Swift seeds its hashes in each process anew, so bytes written here hold in every process.
@Suite struct UnorderedEncodingTests {
    private enum Size: String, Codable { case small, large, huge }
    private typealias Tags = Set<String>

    private struct Order: Encodable {
        var tags: Tags = ["b", "a", "é", "10", "9"]
        var sizes: [Size: Set<Int>] = [.small: [3, 1, 2], .large: [10, 9, -1], .huge: []]
        var optional: Set<Double>? = [0.5, 1, 10, 2]
        var nested: Set<Set<Int>> = [[2, 1], [], [3]]
        var list: [Set<Bool>] = [[true, false]]
        var byName: [String: Set<Int>] = ["z": [2, 1], "a": [1]]
    }

    @Test func setsAndDictionariesHaveOneOrder() throws {
        #expect(
            try encoded(Order())
                == "{\"byName\":{\"a\":[1],\"z\":[1,2]},\"list\":[[false,true]],\"nested\":[[1,2],[3],[]],\"optional\":[0.5,1,10,2],"
                + "\"sizes\":[\"huge\",[],\"large\",[-1,10,9],\"small\",[1,2,3]],\"tags\":[\"10\",\"9\",\"a\",\"b\",\"é\"]}")
        #expect(try encoded(Tags(["y", "x"])) == "[\"x\",\"y\"]")
        #expect(try encoded(Set<Int>()) == "[]")
        #expect(try encoded([1.5: "a", 1: "b", 10: "c"]) == "[1,\"b\",1.5,\"a\",10,\"c\"]")
        #expect(try encoded([[1, 2]: 0, [1]: 1]) == "[[1,2],0,[1],1]")
    }

    /// A key whose text is not all that tells keys apart.
    private struct Vague: Hashable, Encodable {
        let hidden: Int
        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            try container.encode("same")
        }
    }

    @Test func valuesDecideBetweenKeysOfOneText() throws {
        let pairs = Dictionary(uniqueKeysWithValues: (0..<5).map { (Vague(hidden: $0), 9 - $0) })
        #expect(try encoded(pairs) == "[\"same\",5,\"same\",6,\"same\",7,\"same\",8,\"same\",9]")
    }

    @Test(arguments: [1, 2, 3]) func theWayAValueWasBuiltDoesNotShow(seed: UInt64) throws {
        var random = SeededGenerator(state: seed)
        let ids = (0..<200).map { _ in UUID(uuid: uuid(&random)) }
        var texts: Set<String> = []
        for round in 0..<6 {
            var set: Set<UUID> = []
            var pairs: [UUID: Int] = [:]
            if round > 2 {
                set.reserveCapacity(200 << round)
                pairs.reserveCapacity(200 << round)
            }
            for id in round == 0 ? ids : ids.shuffled(using: &random) {
                set.insert(id)
                pairs[id] = Int(id.uuid.0)
            }
            texts.insert(try encoded(Pair(set: set, pairs: pairs)))
        }
        #expect(texts.count == 1)
        let read = try decoded(Pair.self, try #require(texts.first))
        #expect(read.set == Set(ids))
        #expect(read.pairs.count == 200)
    }

    private struct Pair: Codable {
        var set: Set<UUID>
        var pairs: [UUID: Int]
    }

    private func uuid(_ random: inout SeededGenerator) -> uuid_t {
        let (a, b) = (random.next(), random.next())
        func byte(_ word: UInt64, _ index: Int) -> UInt8 { UInt8(truncatingIfNeeded: word >> UInt64(8 * index)) }
        return (
            byte(a, 0), byte(a, 1), byte(a, 2), byte(a, 3), byte(a, 4), byte(a, 5), byte(a, 6), byte(a, 7), byte(b, 0), byte(b, 1),
            byte(b, 2),
            byte(b, 3), byte(b, 4), byte(b, 5), byte(b, 6), byte(b, 7)
        )
    }

    /// Elements that have containers of their own inside.
    @Test func elementsMayBeObjects() throws {
        let shapes: [Sample.Shape] = [.box(width: 2, inner: nil), .circle(1), .point, .box(width: 1, inner: .point)]
        struct Box: Hashable, Encodable {
            let shape: Sample.Shape
            let index: Int
            static func == (left: Box, right: Box) -> Bool { left.index == right.index }
            func hash(into hasher: inout Hasher) { hasher.combine(index) }
        }
        let set = Set(shapes.enumerated().map { Box(shape: $1, index: $0) })
        #expect(
            try encoded(["s": set])
                == "{\"s\":[{\"index\":0,\"shape\":{\"box\":{\"width\":2}}},{\"index\":1,\"shape\":{\"circle\":{\"_0\":1}}},"
                + "{\"index\":2,\"shape\":{\"point\":{}}},{\"index\":3,\"shape\":{\"box\":{\"inner\":{\"point\":{}},\"width\":1}}}]}")
    }
}
