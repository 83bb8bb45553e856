import Foundation

/// One setting: its name in the environment without `RELIER_`, what is allowed, and its default.
struct Setting<Value: Sendable>: SettingDescription {
    let name: String
    let group: String
    let type: String
    let allowed: String
    let defaultText: String?
    let help: String
    /// Never shown, neither in errors nor in listings of the settings.
    var isSecret = false
    let parse: @Sendable (String) -> Value?

    func accepts(_ text: String) -> Bool { parse(text) != nil }
}

/// What the table of settings tells of each, whatever its type.
protocol SettingDescription: Sendable {
    var name: String { get }
    /// A heading of the documentation.
    var group: String { get }
    var type: String { get }
    /// What is allowed, as the end of "allowed: …".
    var allowed: String { get }
    /// As one would write it; `nil` where there is none.
    var defaultText: String? { get }
    var help: String { get }
    /// Never shown, neither in errors nor in listings of the settings.
    var isSecret: Bool { get }
    func accepts(_ text: String) -> Bool
}

extension SettingDescription {
    /// The name of the environment variable.
    var variable: String { "RELIER_" + name }
}

extension Setting where Value == Int {
    static func integer(_ name: String, _ group: String, _ range: ClosedRange<Int>, default value: Int?, _ help: String) -> Self {
        Setting(
            name: name, group: group, type: "integer", allowed: "a whole number from \(range.lowerBound) to \(range.upperBound)",
            defaultText: value.map(String.init), help: help,
            parse: { text in Int(text).flatMap { range.contains($0) ? $0 : nil } })
    }
}

extension Setting where Value == Duration {
    static func duration(_ name: String, _ group: String, _ range: ClosedRange<Duration>, default value: String?, _ help: String) -> Self {
        let least = DurationText.write(range.lowerBound)
        let most = DurationText.write(range.upperBound)
        return Setting(
            name: name, group: group, type: "duration",
            allowed: "seconds, or a number with ms, s, m, h or d, from \(least) to \(most)",
            defaultText: value, help: help,
            parse: { text in DurationText.parse(text).flatMap { range.contains($0) ? $0 : nil } })
    }
}

extension Setting where Value == String {
    static func text(_ name: String, _ group: String, default value: String?, allowed: String, _ help: String) -> Self {
        Setting(
            name: name, group: group, type: "text", allowed: allowed, defaultText: value, help: help,
            parse: { $0.isEmpty ? nil : $0 })
    }
}

extension Setting where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
    static func choice(_ name: String, _ group: String, default value: Value, _ help: String) -> Self {
        Setting(
            name: name, group: group, type: "choice", allowed: Value.allCases.map(\.rawValue).joined(separator: ", "),
            defaultText: value.rawValue, help: help, parse: { Value(rawValue: $0.lowercased()) })
    }
}

/// Durations as people write them.
enum DurationText {
    private static let units: [(suffix: String, seconds: Double)] = [("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600), ("d", 86_400)]

    /// Seconds as a number, or a number with a unit: `25`, `0.5`, `500ms`, `5m`, `24h`, `7d`. `nil` for anything else, and for less than zero.
    static func parse(_ text: String) -> Duration? {
        let unit = units.first { text.hasSuffix($0.suffix) }
        let digits = text.dropLast(unit?.suffix.count ?? 0)
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == 0x2e }), let number = Double(digits) else {
            return nil
        }
        let seconds = number * (unit?.seconds ?? 1)
        // Far beyond every range, and still a Duration.
        guard seconds <= 1e12 else { return nil }
        return .microseconds(Int64((seconds * 1e6).rounded()))
    }

    /// The shortest form that ``parse(_:)`` reads back.
    static func write(_ duration: Duration) -> String {
        let microseconds = Int64(duration / .microseconds(1))
        for (suffix, size) in [("d", Int64(86_400_000_000)), ("h", 3_600_000_000), ("m", 60_000_000), ("s", 1_000_000)]
        where microseconds != 0 && microseconds % size == 0 {
            return "\(microseconds / size)\(suffix)"
        }
        let (milliseconds, rest) = microseconds.quotientAndRemainder(dividingBy: 1000)
        let digits = String(rest)
        return rest == 0 ? "\(milliseconds)ms" : "\(milliseconds).\(String(repeating: "0", count: 3 - digits.count))\(digits)ms"
    }
}
