import Crypto
package import NIOCore

/// A Lua script, known to the server by its digest. A class, since each of its calls refers to it.
package final class RESPScript: Sendable {
    /// For messages.
    package let name: String
    package let source: String
    /// SHA-1 of the source in lower-case hexadecimal digits: the name that `EVALSHA` knows it by.
    package let digest: String
    /// `EVALSHA` and the digest, encoded.
    let opening: [UInt8]

    package init(_ name: String, source: String) {
        self.name = name
        self.source = source
        let digits = Array("0123456789abcdef".utf8)
        let digest = Insecure.SHA1.hash(data: Array(source.utf8))
        self.digest = String(decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
        opening = RESPCommand("EVALSHA", self.digest).body
    }

    /// A call with these keys, to which arguments are appended.
    package func call(keys: String..., reserving: Int = 256) -> RESPScriptCall { call(keys: keys, reserving: reserving) }

    package func call(keys: [String], reserving: Int = 256) -> RESPScriptCall {
        RESPScriptCall(self, keys: keys, reserving: reserving)
    }
}

/// A script with its keys and arguments. Usable more than once.
package struct RESPScriptCall: Sendable {
    package let script: RESPScript
    /// `EVALSHA` with all words.
    private(set) var command: RESPCommand

    init(_ script: RESPScript, keys: [String], reserving: Int) {
        self.script = script
        var body: [UInt8] = []
        body.reserveCapacity(script.opening.count + reserving)
        body.append(contentsOf: script.opening)
        command = RESPCommand(encoded: body, count: 2)
        command.append(keys.count)
        for key in keys { command.append(key) }
    }

    /// `EVAL` with the source and the same words.
    var whole: RESPCommand {
        let eval = RESPCommand("EVAL", script.source)
        return RESPCommand(encoded: eval.body + command.body[script.opening.count...], count: command.count)
    }

    package mutating func append(_ text: String) { command.append(text) }
    package mutating func append(_ number: Int) { command.append(number) }
    package mutating func append(_ buffer: ByteBuffer) { command.append(buffer) }
    package mutating func append(bytes: some Collection<UInt8>) { command.append(bytes: bytes) }
    package mutating func append(_ bytes: UnsafeRawBufferPointer) { command.append(bytes) }
}

extension RESPSender {
    /// Runs a script: `EVALSHA`, and where the server does not know it, once more with its source, which loads it.
    /// - Parameters:
    ///   - timeout: for each of the two; `nil` is the client's own.
    ///   - isShielded: as ``send(_:timeout:isShielded:)``.
    /// - Throws: as that. The first of two calls never did anything.
    package func run(_ call: RESPScriptCall, timeout: Duration? = nil, isShielded: Bool = false) async throws(RESPError) -> RESPValue {
        do {
            return try await send(call.command, timeout: timeout, isShielded: isShielded)
        } catch  where error.server?.prefix == .noScript && error.code == .server {
            return try await send(call.whole, timeout: timeout, isShielded: isShielded)
        }
    }

    /// Loads scripts ahead of their first use.
    package func load(_ scripts: [RESPScript]) async throws(RESPError) {
        for script in scripts { _ = try await send(RESPCommand("SCRIPT", "LOAD", script.source), timeout: nil) }
    }
}
