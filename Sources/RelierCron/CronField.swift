/// One of the five fields of an expression.
struct CronField: Sendable {
    let name: String
    let range: ClosedRange<Int>
    /// Three letters each, for the values from the lower bound on.
    let names: [String]

    static let minute = CronField(name: "minute", range: 0...59, names: [])
    static let hour = CronField(name: "hour", range: 0...23, names: [])
    static let day = CronField(name: "day of month", range: 1...31, names: [])
    static let month = CronField(
        name: "month", range: 1...12,
        names: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"])
    /// 0 and 7 are Sunday.
    static let weekday = CronField(name: "day of week", range: 0...7, names: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"])

    /// The values that a field such as `1-5,30/10` names, one bit each.
    func parse(_ text: Substring) throws(CronSyntaxError) -> UInt64 {
        var bits: UInt64 = 0
        for item in text.split(separator: ",", omittingEmptySubsequences: false) { bits |= try parse(item: item, of: text) }
        return bits
    }

    private func parse(item: Substring, of text: Substring) throws(CronSyntaxError) -> UInt64 {
        if item.isEmpty { throw refuse("'\(text)' has an empty item; write values with one comma between") }
        let parts = item.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2 else { throw refuse("'\(item)' has two steps") }
        let values = try parse(values: parts[0])
        var step = 1
        if parts.count == 2 {
            guard let number = Self.number(parts[1]), (1...range.upperBound).contains(number) else {
                throw refuse("the step in '\(item)' is not in 1 to \(range.upperBound)")
            }
            guard parts[0] == "*" || parts[0].contains("-") else {
                throw refuse("'\(item)' has a step without a range; write '\(parts[0])-\(range.upperBound)/\(number)'")
            }
            step = number
        }
        return stride(from: values.lowerBound, through: values.upperBound, by: step).reduce(0) { $0 | 1 << UInt64($1) }
    }

    private func parse(values text: Substring) throws(CronSyntaxError) -> ClosedRange<Int> {
        // 7 is Sunday again, so `*` ends before it.
        if text == "*" { return range.lowerBound...(range.upperBound == 7 ? 6 : range.upperBound) }
        let ends = text.split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count <= 2 else { throw refuse("'\(text)' is not a range; write it as 1-5") }
        let lower = try value(ends[0])
        guard ends.count == 2 else { return lower...lower }
        var upper = try value(ends[1])
        if range.upperBound == 7, upper == 0, lower > 0 { upper = 7 }
        guard lower <= upper else {
            throw refuse("the range '\(text)' goes down; write '\(ends[0])-\(range.upperBound),\(range.lowerBound)-\(ends[1])'")
        }
        return lower...upper
    }

    private func value(_ text: Substring) throws(CronSyntaxError) -> Int {
        if let index = names.firstIndex(of: text.lowercased()) { return range.lowerBound + index }
        guard let number = Self.number(text) else {
            let words = names.isEmpty ? "" : ", or a name of three letters such as \(names[1].uppercased())"
            throw refuse("'\(text)' is not a number from \(range.lowerBound) to \(range.upperBound)\(words)")
        }
        guard range.contains(number) else { throw refuse("\(number) is not in \(range.lowerBound) to \(range.upperBound)") }
        return number
    }

    private static func number(_ text: Substring) -> Int? {
        text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int(text) : nil
    }

    private func refuse(_ problem: String) -> CronSyntaxError { CronSyntaxError("\(name): \(problem)") }
}

/// Why a text is no cron expression: one line.
package struct CronSyntaxError: Error, Sendable, CustomStringConvertible {
    package let description: String
    init(_ description: String) { self.description = description }
}
