public import Foundation
import Synchronization

extension Relier {
    /// The twin of ``push(_:after:at:id:onSaturation:)`` for synchronous code: blocks the calling thread until the task is accepted.
    /// - Throws: ``BlockingCallOnTask`` when called on a Swift task, whose thread it would hold; otherwise as `push`.
    @available(*, noasync, message: "use 'try await push' in asynchronous code")
    @discardableResult
    public func pushBlocking<Work: RelierTask>(
        _ task: Work, after delay: Duration? = nil, at date: Date? = nil, id: TaskID? = nil, onSaturation: OnSaturation? = nil
    ) throws -> TaskReceipt<Work.Output> {
        if withUnsafeCurrentTask(body: { $0 != nil }) { throw BlockingCallOnTask() }
        let answer = BlockingAnswer<TaskReceipt<Work.Output>>()
        Task { answer.give(await Result { try await push(task, after: delay, at: date, id: id, onSaturation: onSaturation) }) }
        return try answer.wait().get()
    }
}

/// One value handed from a task to a thread that waits for it.
final class BlockingAnswer<Value: Sendable>: Sendable {
    private let value = Mutex<Result<Value, any Error>?>(nil)
    private let given = DispatchSemaphore(value: 0)

    func give(_ result: Result<Value, any Error>) {
        value.withLock { $0 = result }
        given.signal()
    }

    func wait() -> Result<Value, any Error> {
        given.wait()
        return value.withLock { $0 } ?? .failure(CancellationError())
    }
}

extension Result where Failure == any Error {
    init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
