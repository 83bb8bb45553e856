import Foundation
import Synchronization

/// Threads for synchronous bodies: as many as run at once, kept for the next ones, so that no body ever blocks the cooperative pool.
final class BlockingThreads: Sendable {
    private struct State {
        var idle: [Runner] = []
    }

    private let state = Mutex(State())

    /// Runs `work` on a thread of its own.
    func run<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            let runner = state.withLock { $0.idle.popLast() } ?? Runner()
            runner.start { [self] in
                let result = Result { try work() }
                state.withLock { $0.idle.append(runner) }
                continuation.resume(with: result)
            }
        }
    }

    /// Ends the threads that are idle.
    func shutDown() {
        let idle = state.withLock { state in
            defer { state.idle = [] }
            return state.idle
        }
        for runner in idle { runner.stop() }
    }

    private final class Runner: Sendable {
        private let job = Mutex<(@Sendable () -> Void)?>(nil)
        private let ready = DispatchSemaphore(value: 0)

        init() {
            let thread = Thread { [self] in
                while true {
                    ready.wait()
                    guard let job = job.withLock({ $0 }) else { return }
                    job()
                }
            }
            thread.name = "relier-blocking"
            thread.stackSize = 8 << 20
            thread.start()
        }

        func start(_ work: @escaping @Sendable () -> Void) {
            job.withLock { $0 = work }
            ready.signal()
        }

        func stop() {
            job.withLock { $0 = nil }
            ready.signal()
        }
    }
}
