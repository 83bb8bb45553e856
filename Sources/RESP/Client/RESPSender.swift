/// What commands can be given to.
package protocol RESPSender: Sendable {
    /// Sends a command and waits for its reply.
    /// - Parameters:
    ///   - timeout: from now to the reply, more than zero; `nil` is the client's own. Until a connection is there it also waits no longer than
    ///     ``RESPClientOptions/connectTimeout``.
    ///   - isShielded: whether the call goes on when its caller is cancelled, up to its timeout.
    /// - Throws: ``RESPError`` with the code `neverSent`, `outcomeUnknown`, `timedOut` or `server`. A cancelled caller of a call that is not shielded
    ///   gets one of the first two at once, and its connection goes on.
    func send(_ command: RESPCommand, timeout: Duration?, isShielded: Bool) async throws(RESPError) -> RESPValue
}

extension RESPSender {
    /// As ``send(_:timeout:isShielded:)``, not shielded.
    package func send(_ command: RESPCommand, timeout: Duration? = nil) async throws(RESPError) -> RESPValue {
        try await send(command, timeout: timeout, isShielded: false)
    }
}
