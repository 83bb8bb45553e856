import Dispatch
import Foundation
import Synchronization

/// Threads for synchronous bodies: as many as run at once, kept for the next ones, so that no body ever blocks the cooperative pool.
///
/// Where the system gives no more of them, some room is left below that limit for a minute: the rest of the process needs threads, too.
final class BlockingThreads: Sendable {
    private struct State {
        var idle: [Runner] = []
        var running = 0
        /// How many may run until when, after the system gave no more.
        var scarcity: (most: Int, until: ContinuousClock.Instant)?

        mutating func isScarce(at now: ContinuousClock.Instant) -> Bool {
            if let until = scarcity?.until, now >= until { scarcity = nil }
            return scarcity != nil
        }
    }

    private let state = Mutex(State())

    /// How many threads are left to others, and for how long, after the system gave no more.
    private static let reserve = 4
    private static let scarceFor = Duration.seconds(60)

    /// Starts a thread under a name; tests put one that fails in its place.
    typealias StartThread = @Sendable (String, @escaping @Sendable () -> Void) throws(POSIXFailure) -> Void

    private let startThread: StartThread

    init(
        startThread: @escaping StartThread = { (name, body) throws(POSIXFailure) in
            try POSIXThread.start(name, stackSize: 8 << 20, body)
        }
    ) {
        self.startThread = startThread
    }

    /// Runs `work` on a thread of its own.
    /// - Throws: ``NoThreadLeft`` when the system gives no thread; then `work` was not begun. Otherwise what `work` throws.
    func run<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
        let runner = try take()
        return try await withCheckedThrowingContinuation { continuation in
            runner.start { [self] in
                let result = Result { try work() }
                giveBack(runner)
                continuation.resume(with: result)
            }
        }
    }

    private func take() throws(NoThreadLeft) -> Runner {
        try state.withLock { state throws(NoThreadLeft) in
            if state.isScarce(at: .now), let most = state.scarcity?.most, state.running >= most {
                throw NoThreadLeft(
                    cause: POSIXFailure("no more than \(most) threads for synchronous bodies, to leave some to others", code: EAGAIN))
            }
            if let runner = state.idle.popLast() {
                state.running += 1
                return runner
            }
            do throws(NoThreadLeft) {
                let runner = try Runner(startThread)
                state.running += 1
                return runner
            } catch {
                state.scarcity = (max(1, state.running - Self.reserve), .now + Self.scarceFor)
                throw error
            }
        }
    }

    private func giveBack(_ runner: Runner) {
        let isKept = state.withLock { state in
            state.running -= 1
            if state.isScarce(at: .now) { return false }
            state.idle.append(runner)
            return true
        }
        if !isKept { runner.stop() }
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

        init(_ startThread: StartThread) throws(NoThreadLeft) {
            do {
                try startThread("relier-blocking") { [self] in
                    while true {
                        ready.wait()
                        guard let job = job.withLock({ $0 }) else { return }
                        job()
                    }
                }
            } catch {
                throw NoThreadLeft(cause: error)
            }
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

/// The system gave no thread for a synchronous body, which was not begun.
struct NoThreadLeft: Error {
    let cause: POSIXFailure
}
