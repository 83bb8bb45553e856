/// What commands can be given to.
package protocol RESPSender: Sendable {
    /// Sends a command and waits for its reply.
    /// - Parameter timeout: from now to the reply, more than zero; `nil` is the client's own. Until a connection is there it also waits no longer than
    ///   ``RESPClientOptions/connectTimeout``.
    /// - Throws: ``RESPError`` with the code `neverSent`, `outcomeUnknown`, `timedOut` or `server`. A cancelled caller gets one of the first two at
    ///   once, and its connection goes on.
    func send(_ command: RESPCommand, timeout: Duration?) async throws(RESPError) -> RESPValue
}

extension RESPSender {
    package func send(_ command: RESPCommand) async throws(RESPError) -> RESPValue { try await send(command, timeout: nil) }
}
