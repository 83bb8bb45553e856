import NIOCore
import RESP
import Relier

/// Reads what a script refused, given its word and the rest of the line.
struct Refusal {
    let read: (String, String) -> EngineError?

    init(_ read: @escaping (String, String) -> EngineError?) { self.read = read }

    /// The fence was not the current one.
    static func fenced(_ message: String) -> Refusal {
        Refusal { word, _ in word == "FENCED" ? EngineError(.fenced, message) : nil }
    }
}

/// The client of one partition, as the engine sees it. All that the engine knows of RESP beyond the values it reads is in this file.
struct Server: Sendable {
    let client: RESPClient
    /// For what waits for replicas; `nil` where nothing does.
    var replicated: RESPReplicatedSender?
    let location: String
    /// The number of the partition, from 0.
    let partition: Int
    /// Its anchor: `<namespace>:{<partition>}`.
    let anchor: String
    /// What every script is told first.
    let settings: [UInt8]

    /// Runs a script with the arguments that `arguments` appends.
    /// - Parameters:
    ///   - isReplicated: answered only once as many replicas have it as the engine's durability asks for.
    ///   - resends: sent again while its outcome is unknown, up to the deadline: for scripts that a second run leaves as they are.
    ///   - refusal: reads what the script refused, given its word and the rest.
    func run(
        _ script: RESPScript, reserving: Int = 256, isReplicated: Bool = false, resends: Bool = false, timeout: Duration? = nil,
        refusal: Refusal? = nil, _ arguments: (inout RESPScriptCall) -> Void = { _ in }
    ) async throws(EngineError) -> RESPValue {
        var call = script.call(keys: [anchor], reserving: reserving + anchor.utf8.count + 64)
        call.append(bytes: settings)
        arguments(&call)
        do throws(RESPError) {
            return try await perform(call, isReplicated, timeout)
        } catch {
            guard resends, error.code == .outcomeUnknown, !error.isCancellation else {
                throw EngineError.from(error, at: location, refusal: refusal)
            }
        }
        do throws(RESPError) {
            return try await perform(call, isReplicated, timeout)
        } catch {
            let mapped = EngineError.from(error, at: location, refusal: refusal)
            // The first one may have been carried out.
            if mapped.code == .unavailable { throw EngineError(.outcomeUnknown, mapped.message, cause: error) }
            throw mapped
        }
    }

    /// Goes on when its caller is cancelled: a drain hands tasks over from tasks that are.
    private func perform(_ call: RESPScriptCall, _ isReplicated: Bool, _ timeout: Duration?) async throws(RESPError) -> RESPValue {
        if isReplicated, let replicated { return try await replicated.run(call, timeout: timeout, isShielded: true) }
        return try await client.run(call, timeout: timeout, isShielded: true)
    }

    /// A plain command.
    func send(_ command: RESPCommand) async throws(EngineError) -> RESPValue {
        do throws(RESPError) {
            return try await client.send(command)
        } catch {
            throw EngineError.from(error, at: location)
        }
    }
}

extension RESPScriptCall {
    mutating func append(_ id: some Identifier128) {
        withUnsafeBytes(of: (id.high.bigEndian, id.low.bigEndian)) { append($0) }
    }

    mutating func append(_ fence: Fence) {
        withUnsafeBytes(of: (fence.number.bigEndian, fence.token.bigEndian)) { append($0) }
    }

    mutating func append(_ writer: ByteWriter) { writer.bytes.withUnsafeBytes { append($0) } }
}

extension RESPValue {
    var list: [RESPValue] { elements ?? [] }
    var text: String { string ?? "" }
    var isEmptyText: Bool { buffer.map { $0.readableBytes == 0 } ?? true }
    /// A decimal number; `nil` for '' and for what is none.
    var number: Int64? { integer.map(Int64.init) }

    /// The identifiers that a string holds one after the other.
    var ids: [TaskID] {
        guard var buffer else { return [] }
        var ids: [TaskID] = []
        ids.reserveCapacity(buffer.readableBytes / 16)
        while let id = buffer.readID(TaskID.self) { ids.append(id) }
        return ids
    }
}
