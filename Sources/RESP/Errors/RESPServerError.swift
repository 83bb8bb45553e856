/// What a server answers instead of a value.
package struct RESPServerError: Sendable, Hashable, CustomStringConvertible {
    /// The word that says what kind of error it is. Scripts may answer with words of their own.
    package struct Prefix: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
        package let rawValue: String
        package init(rawValue: String) { self.rawValue = rawValue }
        package var description: String { rawValue }

        /// Any error without a word of its own.
        package static let err = Prefix(rawValue: "ERR")
        /// The script is not loaded. Nothing was done.
        package static let noScript = Prefix(rawValue: "NOSCRIPT")
        /// The server is a replica. Nothing was done.
        package static let readOnly = Prefix(rawValue: "READONLY")
        /// The server's memory is full. Nothing was done.
        package static let oom = Prefix(rawValue: "OOM")
        package static let noAuth = Prefix(rawValue: "NOAUTH")
        package static let wrongPass = Prefix(rawValue: "WRONGPASS")
        /// The user may not run this command, or not on these keys.
        package static let noPerm = Prefix(rawValue: "NOPERM")
        /// The server reads its data and answers nothing else meanwhile. Nothing was done.
        package static let loading = Prefix(rawValue: "LOADING")
        /// A script has run for too long. Nothing was done.
        package static let busy = Prefix(rawValue: "BUSY")
        package static let wrongType = Prefix(rawValue: "WRONGTYPE")
        /// The server cannot save its data and therefore refuses writes. Nothing was done.
        package static let misconfigured = Prefix(rawValue: "MISCONF")
        /// Fewer replicas than `min-replicas-to-write`. Nothing was done.
        package static let noReplicas = Prefix(rawValue: "NOREPLICAS")
        package static let masterDown = Prefix(rawValue: "MASTERDOWN")
        package static let moved = Prefix(rawValue: "MOVED")
        package static let ask = Prefix(rawValue: "ASK")
        package static let tryAgain = Prefix(rawValue: "TRYAGAIN")
        package static let clusterDown = Prefix(rawValue: "CLUSTERDOWN")
        package static let crossSlot = Prefix(rawValue: "CROSSSLOT")
        package static let noProtocol = Prefix(rawValue: "NOPROTO")
    }

    package let prefix: Prefix
    /// What follows the prefix.
    package let message: String

    package init(prefix: Prefix, message: String) {
        self.prefix = prefix
        self.message = message
    }

    /// Splits the line that a server sent. A line that begins with no word in capitals is an ``Prefix/err``.
    init(_ line: String) {
        let word = line.prefix { $0 != " " }
        let isPrefix = !word.isEmpty && word.utf8.allSatisfy { (65...90).contains($0) || (48...57).contains($0) || $0 == 95 }
        if isPrefix {
            self.init(prefix: Prefix(rawValue: String(word)), message: String(line.dropFirst(word.count + 1)))
        } else {
            self.init(prefix: .err, message: line)
        }
    }

    package var description: String { message.isEmpty ? prefix.rawValue : "\(prefix) \(message)" }
}
