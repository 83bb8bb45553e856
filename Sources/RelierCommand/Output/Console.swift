import Foundation
import Relier
import Synchronization

/// Standard output for what was asked for, standard error for what is said beside it.
enum Console {
    /// Whether a reader that stands still holds this process up. It does hold up a command that somebody waits for; it must not one that keeps workers.
    private static let waitsForReaders = Atomic(true)

    /// From now on no reader of our output holds this process up: lines that nobody reads in time are dropped and counted.
    static func runLong() { waitsForReaders.store(false, ordering: .relaxed) }

    /// Writes what is left, before the process ends: for as long as it takes, or, where workers are kept, for up to a second.
    static func finish() {
        let limit: Duration? = waitsForReaders.load(ordering: .relaxed) ? nil : .seconds(1)
        LineWriter.standardOutput.flush(within: limit)
        LineWriter.standardError.flush(within: limit)
    }

    /// Ends the process at once, after what is left to write, for up to a second.
    static func leave(status: Int32) -> Never {
        finish()
        _exit(status)
    }

    /// One or more whole lines.
    static func out(_ text: String) {
        if waitsForReaders.load(ordering: .relaxed) { print(text) } else { LineWriter.standardOutput.append((text + "\n").utf8) }
    }

    /// One line: `error: …`.
    static func error(_ text: String) {
        note("\(coloured("error:", "31", on: 2)) \(oneLine(text))")
    }

    static func warning(_ text: String) {
        note("\(coloured("warning:", "33", on: 2)) \(oneLine(text))")
    }

    static func note(_ text: String) {
        LineWriter.standardError.append((text + "\n").utf8)
        if waitsForReaders.load(ordering: .relaxed) { LineWriter.standardError.flush(within: nil) }
    }

    /// With an ANSI colour where the descriptor is a terminal and `NO_COLOR` is not set.
    static func coloured(_ text: String, _ code: String, on descriptor: Int32 = 1) -> String {
        hasColours(descriptor) ? painted(text, code) : text
    }

    /// Whether the descriptor is a terminal and `NO_COLOR` is not set.
    static func hasColours(_ descriptor: Int32 = 1) -> Bool {
        isTerminal(descriptor) && ProcessInfo.processInfo.environment["NO_COLOR", default: ""].isEmpty
    }

    static func painted(_ text: String, _ code: String) -> String { "\u{1b}[\(code)m\(text)\u{1b}[0m" }

    static func isTerminal(_ descriptor: Int32 = 1) -> Bool { isatty(descriptor) == 1 }

    /// Line breaks as spaces.
    static func oneLine(_ text: String) -> String {
        text.split(whereSeparator: \.isNewline).map { $0.trimmingPrefix(while: \.isWhitespace) }.joined(separator: " ")
    }

    /// What was stored by others, without control characters that a terminal would obey.
    static func safe(_ text: some StringProtocol, keepingLines: Bool = false) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { scalar in
                    let isControl = scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value)
                    return isControl && !(keepingLines && (scalar == "\n" || scalar == "\t")) ? "\u{fffd}" : scalar
                }))
    }
}
