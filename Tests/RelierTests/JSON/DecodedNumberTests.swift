import Foundation
import Testing

@testable import Relier

@Suite struct DecodedNumberTests {
    @Test func integersAreExact() throws {
        #expect(try decoded(Int.self, "-0") == 0)
        #expect(try decoded(UInt8.self, "-0.0e5") == 0)
        #expect(try decoded(Int.self, "1.0") == 1)
        #expect(try decoded(Int.self, "1e3") == 1000)
        #expect(try decoded(Int.self, "1200e-2") == 12)
        #expect(try decoded(Int.self, "0.00012E5") == 12)
        #expect(try decoded(Int8.self, "-128") == -128)
        #expect(try decoded(Int64.self, "-9223372036854775808") == .min)
        #expect(try decoded(UInt64.self, "18446744073709551615") == .max)
        #expect(try decoded(UInt64.self, "18446744073709551615.000") == .max)
        #expect(try decoded(Int.self, "9007199254740993") == 9_007_199_254_740_993)
        #expect(try decoded(Int.self, "9007199254740993.0") == 9_007_199_254_740_993)
        #expect(try decoded(Int128.self, "170141183460469231731687303715884105727") == .max)
        #expect(try decoded(Int128.self, "-170141183460469231731687303715884105728") == .min)
        #expect(try decoded(UInt128.self, "340282366920938463463374607431768211455") == .max)
        #expect(try decoded([UInt128].self, "[1.0,1e38]") == [1, 100_000_000_000_000_000_000_000_000_000_000_000_000])
        #expect(try decoded(Int.self, "0e999999999999999999999") == 0)
    }

    @Test(
        arguments: [
            "128": "128 does not fit in Int8.", "-129": "-129 does not fit in Int8.", "1e2": "",
            "1.5": "1.5 is not a whole number, so it does not fit in Int8.",
            "1e400": "1e400 does not fit in Int8.", "1e99999999999999999999": "1e99999999999999999999 does not fit in Int8.",
            "1e-99999999999999999999": "1e-99999999999999999999 is not a whole number, so it does not fit in Int8.",
            "340282366920938463463374607431768211456": "340282366920938463463374607431768211456 does not fit in Int8.",
        ]) func integersThatDoNotFit(literal: String, message: String)
    {
        #expect(failure { _ = try decoded([Int8].self, "[\(literal)]") } == (message.isEmpty ? "" : "corrupted at Index 0: \(message)"))
    }

    @Test func wholeNumbersBeyondEachWidthAreRefused() {
        #expect(failure { _ = try decoded(Int.self, "9223372036854775808") }.hasSuffix("does not fit in Int."))
        #expect(failure { _ = try decoded(Int64.self, "-9223372036854775809") }.hasSuffix("does not fit in Int64."))
        #expect(failure { _ = try decoded(UInt64.self, "18446744073709551616") }.hasSuffix("does not fit in UInt64."))
        #expect(failure { _ = try decoded(UInt.self, "-1") }.hasSuffix("-1 does not fit in UInt."))
        #expect(failure { _ = try decoded(Int128.self, "170141183460469231731687303715884105728") }.hasSuffix("does not fit in Int128."))
        #expect(failure { _ = try decoded(UInt128.self, "340282366920938463463374607431768211456") }.hasSuffix("does not fit in UInt128."))
        let long = failure { _ = try decoded(Int.self, String(repeating: "9", count: 5000)) }
        #expect(long == "corrupted at : \(String(repeating: "9", count: 60))… (5000 characters) does not fit in Int.")
    }

    @Test(
        arguments: [
            ("0.1", 0.1), ("1e22", 1e22), ("1E+22", 1e22), ("12345678901234568", 12_345_678_901_234_568),
            ("0.30000000000000004", 0.30000000000000004),
            ("5e-324", .leastNonzeroMagnitude), ("4.9e-324", .leastNonzeroMagnitude), ("4.9406564584124654e-324", .leastNonzeroMagnitude),
            ("1.7976931348623157e308", .greatestFiniteMagnitude),
            ("-0.0", -0.0), ("-0", -0.0), ("0e5", 0), ("2.2250738585072014e-308", .leastNormalMagnitude), ("0.10000000000000001", 0.1),
            ("3.1415926535897931", .pi), ("9223372036854775808", 0x1p63), ("1152921504606846976", 0x1p60), ("1.50000", 1.5),
            ("100000000000000000000000", 1e23),
        ] as [(String, Double)])
    func doublesThatAreWhatWasWritten(literal: String, value: Double) throws {
        let read = try decoded(Double.self, literal)
        #expect(read == value)
        #expect(read.sign == value.sign)
    }

    @Test(
        arguments: [
            "0.10000000000000000001": "cannot be held exactly by a Double; the argument would be 0.1.",
            "9007199254740993": "cannot be held exactly by a Double; the argument would be 9007199254740992.",
            "0.3000000000000000444": "cannot be held exactly by a Double; the argument would be 0.30000000000000004.",
            "4e-324": "cannot be held exactly by a Double; the argument would be 5e-324.",
            "1e-400": "cannot be held exactly by a Double; the argument would be 0.",
            "-1e-400": "cannot be held exactly by a Double; the argument would be -0.",
            "1e400": "does not fit in Double.", "-1e309": "does not fit in Double.",
            "123456789012345678901": "cannot be held exactly by a Double; the argument would be 1.2345678901234568e+20.",
        ]) func doublesThatWouldBeRounded(literal: String, message: String)
    {
        #expect(failure { _ = try decoded(Double.self, literal) } == "corrupted at : \(literal) \(message)")
    }

    @Test func floats() throws {
        #expect(try decoded(Float.self, "0.1") == 0.1)
        #expect(try decoded(Float.self, "16777216") == 16_777_216)
        #expect(try decoded(Float.self, "3.4028235e+38") == .greatestFiniteMagnitude)
        #expect(try decoded(Float.self, "0.100000001") == 0.1)
        #expect(try decoded(Float.self, "1e-45") == .leastNonzeroMagnitude)
        #expect(
            failure { _ = try decoded(Float.self, "16777217") }
                == "corrupted at : 16777217 cannot be held exactly by a Float; the argument would be 16777216.")
        #expect(failure { _ = try decoded(Float.self, "0.30000000000000004") } != "")
        #expect(failure { _ = try decoded(Float.self, "1e39") } == "corrupted at : 1e39 does not fit in Float.")
    }

    /// What other programs write for a Double: 15, 16 or 17 digits, or all of them.
    @Test(arguments: [1, 2, 3]) func everyUsualTextOfADoubleIsAccepted(seed: UInt64) throws {
        var random = SeededGenerator(state: seed)
        for _ in 0..<500 {
            let value = Double.random(&random)
            for text in [value.description, String(format: "%.16e", value)] {
                let read = try decoded(Double.self, text)
                #expect(read == value && read.sign == value.sign, "\(text), seed \(seed)")
            }
            let short = String(format: "%.14e", value)
            if value.isNormal, (Double(short) ?? .infinity).isFinite {
                #expect(try decoded(Double.self, short) == Double(short), "\(short)")
            }
            let narrow = Float.random(&random)
            for text in [narrow.description, String(format: "%.8e", Double(narrow))] {
                #expect(try decoded(Float.self, text) == narrow, "\(text), seed \(seed)")
            }
        }
    }

    @Test func decimalsAreExact() throws {
        let longest = "0.12345678901234567890123456789012345678"
        #expect(try decoded(Decimal.self, longest) == Decimal(string: longest))
        #expect(try decoded(Decimal.self, "0.1") == Decimal(string: "0.1"))
        #expect(try decoded(Decimal.self, "-1.50e2") == -150)
        #expect(try decoded(Decimal.self, "340282366920938463463374607431768211455e127") == .greatestFiniteMagnitude)
        #expect(try decoded(Decimal.self, "1e-128") == Decimal(sign: .plus, exponent: -128, significand: 1))
        #expect(
            try decoded(Decimal.self, "-340282366920938463463374607431768211455e-128").significand
                == Decimal.greatestFiniteMagnitude.significand)
        #expect(try encoded(decoded(Decimal.self, "1e165")) == "1" + String(repeating: "0", count: 165))
        #expect(try decoded(Decimal.self, "0e-500") == 0)
        for literal in [
            "1e166", "1e-129", "123456789012345678901234567890123456789012345", "340282366920938463463374607431768211456", "1e400",
        ] {
            #expect(
                failure { _ = try decoded(Decimal.self, literal) }
                    == "corrupted at : \(literal) does not fit in Decimal, which holds 38 digits and exponents from -128 to 127.")
        }
    }

    @Test(arguments: [1, 2, 3]) func decimalsRoundTrip(seed: UInt64) throws {
        var random = SeededGenerator(state: seed)
        for _ in 0..<300 {
            let value = Decimal.random(&random)
            let text = try encoded(value)
            #expect(try decoded(Decimal.self, text) == value, "\(text), seed \(seed)")
            #expect(try text == reference(value), "\(text), seed \(seed)")
        }
    }
}
