package import Foundation
import Synchronization

extension TaskContext {
    /// Lets an engine end this attempt with a commit in a step of its own, together with whatever else it writes in that step.
    ///
    /// The body goes on after it and has nothing left to settle. While the engine is locked, full or refuses writes, `commit` is called again and again: what
    /// failed has left nothing behind.
    /// - Parameter commit: carries the step out, whole or not at all, and answers with the output and the result as stored.
    /// - Throws: ``AlreadyCommitted``, ``KeyStillHeld``, ``FencedOut``, `CancellationError`, or what `commit` throws; then nothing was written and the
    ///   task is still running here.
    package func commitInBody<Output: Sendable>(
        _ commit: (CommitTerms) async throws -> (output: Output, result: Data)
    ) async throws -> Output {
        try Task.checkCancellation()
        try bodyCommit.withLock { try $0.begin(id) }
        do {
            let terms = try services.commitTerms(of: name)
            // One whose outcome is unknown is not repeated: it would be refused where the first one was carried out.
            let (output, result) = try await waitOut("commit", repeatsUnknown: false) { try await commit(terms) }
            bodyCommit.withLock { $0.end(result) }
            return output
        } catch {
            bodyCommit.withLock { $0.end(nil) }
            if let error = error as? EngineError, error.code == .fenced { throw FencedOut(task: id) }
            throw error
        }
    }

    /// The result that the body committed by itself; `nil` when it has not.
    var committedResult: Data? { bodyCommit.withLock { $0.result } }

    /// - Throws: ``AlreadyCommitted`` once the body has committed.
    func requireUncommitted(_ call: String) throws { try bodyCommit.withLock { try $0.check(call, id) } }
}

/// What an engine needs to carry out a body's own commit.
package struct CommitTerms: Sendable {
    package let engine: any Engine
    private let name: String
    private let output: any Sendable.Type
    private let resultMaxBytes: Int
    /// Leaves the process with this last line, for a step that can be ended in no other way. `nil` in a process that is not the worker's own.
    package let leaveProcess: (@Sendable (String) -> Void)?

    init(
        engine: any Engine, name: String, output: any Sendable.Type, resultMaxBytes: Int, leaveProcess: (@Sendable (String) -> Void)?
    ) {
        self.engine = engine
        self.name = name
        self.output = output
        self.resultMaxBytes = resultMaxBytes
        self.leaveProcess = leaveProcess
    }

    /// - Throws: ``ResultError`` when a body that promises another output commits this one: receipts could not read it.
    package func check(_ type: any Sendable.Type) throws {
        guard ObjectIdentifier(type) == ObjectIdentifier(output) else {
            throw ResultError(
                "the closure of 'commit' gives \(type), but task '\(name)' gives \(output); return the task's output from the closure")
        }
    }

    /// The output as it is stored.
    /// - Throws: ``ResultError`` when it cannot be, or is too large.
    package func encode(_ output: some Encodable) throws -> Data {
        let data: Data
        do { data = try CanonicalJSON.encode(output) } catch {
            throw ResultError("the output of task '\(name)' cannot be written as JSON: \(FailureText.line(error))")
        }
        if data.count > resultMaxBytes { throw ResultError(Self.tooLarge(data.count, limit: resultMaxBytes)) }
        return data
    }

    static func tooLarge(_ bytes: Int, limit: Int) -> String {
        "the result takes \(bytes) bytes as JSON, more than the \(limit) allowed (RELIER_RESULT_MAX_BYTES)"
    }
}

extension TaskServices {
    package func commitTerms(of name: String) throws -> CommitTerms {
        throw EngineError(
            .unavailable, "this context has no engine to commit task '\(name)' in; use RelierTestHarness, which runs bodies on a real one")
    }
}
