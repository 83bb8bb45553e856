import Dispatch
import Foundation
import Relier
import Synchronization

/// A thread that runs Swift tasks apart from the cooperative pool.
final class LeaseThread: TaskExecutor {
    private struct State {
        var jobs: [UnownedJob] = []
        var isClosed = false
    }

    private let state = Mutex(State())
    private let ready = DispatchSemaphore(value: 0)

    /// - Throws: `POSIXFailure` when the system gives no thread.
    init() throws(POSIXFailure) {
        try POSIXThread.start("relier-lease") { [self] in run() }
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let isQueued = state.withLock { state in
            if !state.isClosed { state.jobs.append(job) }
            return !state.isClosed
        }
        // What is still under way when the engine closes ends elsewhere.
        if isQueued { ready.signal() } else { DispatchQueue.global().async { job.runSynchronously(on: self.asUnownedTaskExecutor()) } }
    }

    /// Ends the thread once what was given to it has run.
    func close() {
        state.withLock { $0.isClosed = true }
        ready.signal()
    }

    private func run() {
        let executor = asUnownedTaskExecutor()
        while true {
            ready.wait()
            let (jobs, isClosed) = state.withLock { state -> ([UnownedJob], Bool) in
                defer { state.jobs = [] }
                return (state.jobs, state.isClosed)
            }
            for job in jobs { job.runSynchronously(on: executor) }
            if isClosed && jobs.isEmpty { return }
        }
    }

    /// Runs an asynchronous body here and blocks the caller until it has ended.
    func wait<Value: Sendable>(_ body: @escaping @Sendable () async -> Value) -> Value {
        let answer = Answer<Value>()
        Task.detached(executorPreference: self) { answer.give(await body()) }
        return answer.take()
    }
}

/// One value from one thread to another.
private final class Answer<Value: Sendable>: Sendable {
    private let value = Mutex<Value?>(nil)
    private let ready = DispatchSemaphore(value: 0)

    func give(_ value: Value) {
        self.value.withLock { $0 = value }
        ready.signal()
    }

    func take() -> Value {
        while true {
            ready.wait()
            if let value = value.withLock({ $0 }) { return value }
        }
    }
}
