import Relier

/// Standard error for log handlers: bounded, and never in the way of who logs.
struct StandardErrorLines: TextOutputStream, Sendable {
    func write(_ string: String) { LineWriter.standardError.append(string.utf8) }
}
