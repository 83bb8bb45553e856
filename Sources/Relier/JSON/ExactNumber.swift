import Foundation

/// A number of a JSON text, taken apart: its digits without leading and trailing zeros, times a power of ten.
struct ExactNumber {
    /// What no type may round.
    enum Problem: Error {
        case notWhole
        case tooLarge
        case inexact(nearest: String)
    }

    private(set) var isNegative = false
    /// Zero for zero. Meaningless when there are more digits than it holds.
    private(set) var digits: UInt128 = 0
    private(set) var holdsDigits = true
    private(set) var digitCount = 0
    /// Between about ±2^41, however large the exponent that was written.
    private(set) var exponent = 0

    /// - Parameter literal: found valid before.
    init(_ literal: ArraySlice<UInt8>) {
        var trailingZeros = 0
        var fraction = 0
        var isFraction = false
        var position = literal.startIndex
        scan: while position < literal.endIndex {
            let byte = literal[position]
            position += 1
            switch byte {
            case UInt8(ascii: "-"): isNegative = true
            case UInt8(ascii: "."): isFraction = true
            case UInt8(ascii: "e"), UInt8(ascii: "E"):
                exponent = Self.exponent(literal[position...])
                break scan
            case UInt8(ascii: "0"):
                if isFraction { fraction += 1 }
                if digitCount > 0 { trailingZeros += 1 }
            default:
                if isFraction { fraction += 1 }
                for _ in 0..<(holdsDigits ? trailingZeros : 0) { append(0) }
                append(UInt128(byte - UInt8(ascii: "0")))
                digitCount += trailingZeros + 1
                trailingZeros = 0
            }
        }
        exponent = digitCount == 0 ? 0 : exponent - fraction + trailingZeros
    }

    private mutating func append(_ digit: UInt128) {
        let (product, overflows) = digits.multipliedReportingOverflow(by: 10)
        let (sum, overflowsToo) = product.addingReportingOverflow(digit)
        if overflows || overflowsToo { holdsDigits = false }
        digits = sum
    }

    private static func exponent(_ text: ArraySlice<UInt8>) -> Int {
        var value = 0
        for byte in text where byte >= UInt8(ascii: "0") && value < 1 << 40 { value = value * 10 + Int(byte - UInt8(ascii: "0")) }
        return text.first == UInt8(ascii: "-") ? -value : value
    }

    // MARK: - Integers

    func integer<Value: FixedWidthInteger>(_ type: Value.Type) throws(Problem) -> Value {
        if digitCount == 0 { return 0 }
        if exponent < 0 { throw .notWhole }
        guard holdsDigits, exponent < 40 else { throw .tooLarge }
        var magnitude = digits
        for _ in 0..<exponent {
            let (product, overflows) = magnitude.multipliedReportingOverflow(by: 10)
            if overflows { throw .tooLarge }
            magnitude = product
        }
        guard let value = Value.Magnitude(exactly: magnitude) else { throw .tooLarge }
        if !isNegative {
            guard let positive = Value(exactly: value) else { throw .tooLarge }
            return positive
        }
        guard value <= Value.min.magnitude else { throw .tooLarge }
        return 0 &- Value(truncatingIfNeeded: value)
    }

    // MARK: - Decimal

    /// Exact.
    func decimal() throws(Problem) -> Decimal {
        if digitCount == 0 { return 0 }
        guard holdsDigits, exponent >= -128, exponent < 127 + 40 else { throw .tooLarge }
        if digits <= UInt64.max, exponent <= 127 {
            return Decimal(sign: isNegative ? .minus : .plus, exponent: exponent, significand: Decimal(UInt64(digits)))
        }
        var (digits, exponent) = (digits, exponent)
        while exponent > 127 {
            let (product, overflows) = digits.multipliedReportingOverflow(by: 10)
            if overflows { throw .tooLarge }
            digits = product
            exponent -= 1
        }
        // Decimal has no other way in for so many digits. What came out is compared, since it rounds what it does not hold.
        guard let value = Decimal(string: "\(isNegative ? "-" : "")\(digits)e\(exponent)"), let text = JSONNumber(value)?.literal else {
            throw .tooLarge
        }
        let read = ExactNumber(Array(text.utf8)[...])
        guard read.digits == self.digits, read.exponent == self.exponent, read.isNegative == isNegative else { throw .tooLarge }
        return value
    }
}
