import Foundation

/// What Double and Float differ in.
protocol JSONFloatingPoint: BinaryFloatingPoint, LosslessStringConvertible {
    /// A literal of so many digits is what its nearest number rounds to, outside of the subnormal numbers.
    static var safeDigits: Int { get }
    /// So many digits tell any two numbers apart.
    static var distinctDigits: Int { get }
    /// Whole numbers up to this one, and powers of ten up to that exponent, are exact: one division or multiplication of them rounds once.
    static var exactWhole: UInt64 { get }
    static var exactPowers: [Self] { get }
}

extension Double: JSONFloatingPoint {
    static let safeDigits = 15
    static let distinctDigits = 17
    static let exactWhole: UInt64 = 1 << 53
    static let exactPowers: [Double] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
    ]
}

extension Float: JSONFloatingPoint {
    static let safeDigits = 6
    static let distinctDigits = 9
    static let exactWhole: UInt64 = 1 << 24
    static let exactPowers: [Float] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10]
}

extension ExactNumber {
    /// The number that the literal means: the nearest one, when that is what was written.
    ///
    /// It is, when the literal is its exact value, its shortest text, or its value rounded to as many digits as the literal has, of which
    /// there may be as many as tell any two numbers apart.
    func floatingPoint<Value: JSONFloatingPoint>(_ type: Value.Type, literal: ArraySlice<UInt8>) throws(Problem) -> Value {
        if digitCount == 0 { return isNegative ? -0.0 : 0 }
        if digitCount <= Value.safeDigits, digits <= Value.exactWhole, exponent.magnitude < Value.exactPowers.count {
            let power = Value.exactPowers[Int(exponent.magnitude)]
            let whole = Value(UInt64(digits))
            let value = exponent < 0 ? whole / power : whole * power
            return isNegative ? -value : value
        }
        guard let value = Value(String(decoding: literal, as: UTF8.self)), value.isFinite else { throw .tooLarge }
        if value.isNormal, digitCount <= Value.safeDigits { return value }
        var text = JSONText()
        text.finite(value)
        let shortest = ExactNumber(text.bytes[...])
        if shortest.digits == digits, shortest.exponent == exponent, holdsDigits { return value }
        guard value != 0, isValue(Double(value), distinctDigits: Value.distinctDigits) else {
            throw .inexact(nearest: String(decoding: text.bytes, as: UTF8.self))
        }
        return value
    }

    /// Whether the number rounds to these digits; exactly equals them when they are more than tell two numbers apart.
    private func isValue(_ value: Double, distinctDigits: Int) -> Bool {
        guard holdsDigits else { return false }
        // Any Double ends within 767 digits.
        let decimals = digitCount > distinctDigits ? 767 : digitCount - 1
        var buffer = [CChar](repeating: 0, count: 800)
        let count = withVaList([Int32(decimals), value.magnitude]) { vsnprintf(&buffer, buffer.count, "%.*e", $0) }
        guard count > 0, count < buffer.count else { return false }
        var text = buffer[..<Int(count)].map { UInt8(bitPattern: $0) }
        // One digit, then the point of the process's locale.
        if decimals > 0 { text[1] = UInt8(ascii: ".") }
        let rendered = ExactNumber(text[...])
        return rendered.holdsDigits && rendered.digits == digits && rendered.exponent == exponent
    }
}
