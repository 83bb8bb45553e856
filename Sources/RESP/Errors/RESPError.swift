/// What a command, a connection or a setting failed with: a code to act on, a line to read, the cause below it.
package struct RESPError: Error, Sendable, CustomStringConvertible {
    /// What to do about it.
    package struct Code: Sendable, Hashable, CustomStringConvertible {
        package let description: String
        private init(_ description: String) { self.description = description }

        /// The command did not leave this process: no connection, the client is closed, or its caller was cancelled in time. Nothing was done.
        package static let neverSent = Code("neverSent")
        /// The command was written, and then its connection or its caller was lost. It may have been carried out.
        package static let outcomeUnknown = Code("outcomeUnknown")
        /// The command was written and not answered in its time. It may have been carried out, or may still be.
        package static let timedOut = Code("timedOut")
        /// The server answered with an error, which ``RESPError/server`` has.
        package static let server = Code("server")
        /// No connection: unreachable, refused, no TLS, no login. As a cause of ``neverSent``.
        package static let connectFailed = Code("connectFailed")
        /// A connection ended. As a cause of ``outcomeUnknown``.
        package static let connectionLost = Code("connectionLost")
        /// The server sent what is no RESP3, or more than the limits allow. As a cause.
        package static let protocolViolation = Code("protocolViolation")
        /// A setting that cannot be: a URL, a certificate, a list of nodes.
        package static let invalidSetting = Code("invalidSetting")
    }

    // One word wide, since every reply is handed over as a result that may be an error.
    private final class Storage: Sendable {
        let code: Code
        let message: String
        let server: RESPServerError?
        let cause: (any Error)?

        init(code: Code, message: String, server: RESPServerError?, cause: (any Error)?) {
            self.code = code
            self.message = message
            self.server = server
            self.cause = cause
        }
    }

    private let storage: Storage

    package init(_ code: Code, _ message: String, server: RESPServerError? = nil, cause: (any Error)? = nil) {
        storage = Storage(code: code, message: message, server: server, cause: cause)
    }

    package var code: Code { storage.code }
    /// One line: what, where, and why where it is known. Holds no password and no argument of a command.
    package var message: String { storage.message }
    /// The server's answer; for ``Code/neverSent`` and ``Code/connectFailed`` what it answered to the login.
    package var server: RESPServerError? { storage.server }
    package var cause: (any Error)? { storage.cause }

    /// The command may have been carried out, which only the server knows.
    package var mayHaveRun: Bool { code == .outcomeUnknown || code == .timedOut }
    /// The caller was cancelled.
    package var isCancellation: Bool { cause is CancellationError }

    package var description: String { message }
}

extension RESPError {
    static func server(_ error: RESPServerError, command: String, at place: String) -> RESPError {
        RESPError(.server, "\(place) answered \(command) with '\(error)'", server: error)
    }

    static func neverSent(_ command: String, to place: String, because cause: (any Error)?) -> RESPError {
        let why = cause.map { ": \($0)" } ?? ": not within its time"
        return RESPError(
            .neverSent, "\(command) was not sent to \(place)\(why)", server: (cause as? RESPError)?.server, cause: cause)
    }

    static func outcomeUnknown(_ command: String, at place: String, because cause: any Error) -> RESPError {
        RESPError(.outcomeUnknown, "\(command) was sent to \(place) and its outcome is unknown: \(cause)", cause: cause)
    }

    static func timedOut(_ command: String, at place: String) -> RESPError {
        RESPError(.timedOut, "\(place) did not answer \(command) in its time; it may have been carried out")
    }
}
