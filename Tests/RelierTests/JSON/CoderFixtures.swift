import Foundation

@testable import Relier

func encoded(_ value: some Encodable) throws -> String { String(decoding: try CanonicalJSON.encode(value), as: UTF8.self) }

func decoded<Value: Decodable>(_ type: Value.Type, _ json: String) throws -> Value {
    try CanonicalJSON.decode(type, from: Data(json.utf8))
}

/// What Foundation writes.
func reference(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
}

/// The error's kind, path and description; empty when the body does not throw.
func failure(_ body: () throws -> Void) -> String {
    func text(_ kind: String, _ context: DecodingError.Context) -> String {
        "\(kind) at \(context.codingPath.map(\.stringValue).joined(separator: ".")): \(context.debugDescription)"
    }
    do { try body() } catch DecodingError.dataCorrupted(let context) {
        return text("corrupted", context)
    } catch DecodingError
        .typeMismatch(let type, let context)
    {
        return text("mismatch \(type)", context)
    } catch DecodingError.keyNotFound(let key, let context) {
        return text("no key \(key.stringValue)", context)
    } catch DecodingError
        .valueNotFound(let type, let context)
    {
        return text("no value \(type)", context)
    } catch EncodingError.invalidValue(_, let context) {
        return "invalid at \(context.codingPath.map(\.stringValue).joined(separator: ".")): \(context.debugDescription)"
    } catch {
        return "\(error)"
    }
    return ""
}

/// Random, and the same for the same seed.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

/// A value of every kind that both coders hold.
struct Sample: Codable, Equatable {
    enum Shape: Codable, Equatable {
        case point
        case circle(Double)
        indirect case box(width: Int, inner: Shape?)
    }

    enum Colour: String, Codable, CodingKeyRepresentable { case red, green, blue }

    var text = ""
    var zebra: String?
    var a10 = 0
    var a9: Int8 = 0
    var wide: UInt64 = 0
    var widest: Int128 = 0
    var narrow: Float = 0
    var double = 0.0
    var flag = false
    var maybe: Double??
    var date = Date(timeIntervalSinceReferenceDate: 0)
    var data = Data()
    var link: URL?
    var price: Decimal = 0
    var id = UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))
    var shape = Shape.point
    var colours: [Colour: Int] = [:]
    var names: [String: [Int?]] = [:]
    var numbers: [Int: String] = [:]
    var children: [Sample] = []
}

extension Sample {
    static func random(depth: Int, _ random: inout SeededGenerator) -> Sample {
        var sample = Sample()
        sample.text = .random(&random)
        sample.zebra = Bool.random(using: &random) ? .random(&random) : nil
        sample.a10 = Bool.random(using: &random) ? Int.random(in: -200...200, using: &random) : Int(bitPattern: UInt(random.next()))
        sample.a9 = Int8(truncatingIfNeeded: random.next())
        sample.wide = random.next() >> UInt64.random(in: 0...63, using: &random)
        sample.widest = Int128(truncatingIfNeeded: random.next()) &* Int128(truncatingIfNeeded: random.next())
        sample.narrow = Float.random(&random)
        sample.double = Double.random(&random)
        sample.flag = Bool.random(using: &random)
        sample.maybe = Bool.random(using: &random) ? .some(Double.random(&random)) : nil
        sample.date = Date(timeIntervalSinceReferenceDate: Double.random(in: -1e9...1e9, using: &random))
        sample.data = Data((0..<Int.random(in: 0...20, using: &random)).map { _ in UInt8(truncatingIfNeeded: random.next()) })
        sample.link = Bool.random(using: &random) ? URL(string: "https://host/\(random.next() % 100)/a?b=c#d") : nil
        sample.price = Decimal.random(&random)
        sample.shape = .random(depth: 3, &random)
        for colour in [Colour.red, .green, .blue] where Bool.random(using: &random) { sample.colours[colour] = Int(random.next() % 9) }
        for _ in 0..<Int.random(in: 0...20, using: &random) {
            sample.names[.random(&random)] = (0..<Int.random(in: 0...3, using: &random)).map { $0 == 1 ? nil : $0 }
        }
        for _ in 0..<Int.random(in: 0...3, using: &random) { sample.numbers[Int(random.next() % 2000) - 1000] = .random(&random) }
        if depth > 0 { sample.children = (0..<Int.random(in: 0...2, using: &random)).map { _ in .random(depth: depth - 1, &random) } }
        return sample
    }
}

extension Sample.Shape {
    static func random(depth: Int, _ random: inout SeededGenerator) -> Sample.Shape {
        switch Int.random(in: 0...(depth > 0 ? 3 : 1), using: &random) {
        case 0: .point
        case 1: .circle(Double.random(&random))
        case 2: .box(width: 1, inner: nil)
        default: .box(width: Int(random.next() % 1000), inner: self.random(depth: depth - 1, &random))
        }
    }
}

extension String {
    static func random(_ random: inout SeededGenerator) -> String {
        let pieces = [
            "a", "B", "z", "0", "10", "9", "_", " ", "\"", "\\", "/", "\n", "\r", "\t", "\u{8}", "\u{c}", "\0", "\u{1f}", "\u{7f}", "é",
            "日", "😀",
            "\u{2028}", "long text that has nothing to escape", "\u{10ffff}", "\u{ffff}",
        ]
        return (0..<Int.random(in: 0...6, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
    }
}

extension Double {
    /// Any finite one.
    static func random(_ random: inout SeededGenerator) -> Double {
        switch Int.random(in: 0...4, using: &random) {
        case 0: return Double(Int.random(in: -1000...1000, using: &random))
        case 1: return Double(Int.random(in: -100_000...100_000, using: &random)) / 100
        case 2:
            return [0.0, -0.0, .leastNonzeroMagnitude, 1.7976931348623157e308, 2.2250738585072014e-308, 1e22, 1e16, 0.1, 1e-5][
                Int(random.next() % 9)]
        default:
            let value = Double(bitPattern: random.next())
            return value.isFinite ? value : 0.5
        }
    }
}

extension Float {
    static func random(_ random: inout SeededGenerator) -> Float {
        let value = Float(bitPattern: UInt32(truncatingIfNeeded: random.next()))
        return value.isFinite ? value : 0.25
    }
}

extension Decimal {
    static func random(_ random: inout SeededGenerator) -> Decimal {
        let significand = Decimal(random.next()) * Decimal(random.next() >> 8)
        let exponent = Int.random(in: -128...20, using: &random)
        return Decimal(sign: Bool.random(using: &random) ? .plus : .minus, exponent: exponent, significand: significand)
    }
}
