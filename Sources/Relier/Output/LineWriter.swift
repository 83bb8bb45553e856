import Dispatch
import Foundation
import Synchronization

/// Writes lines to a descriptor whose reader may stand still.
///
/// Whoever has a line appends it to a bounded buffer and goes on; one thread writes. The descriptor stays a blocking one, since other processes share
/// it. With a reader that reads, ``append(_:)`` returns when the line is written, so that a process which dies right after it has said what it had to
/// say. With one that does not, nobody waits: lines beyond 1 MiB are dropped and counted.
package final class LineWriter: Sendable {
    package static let standardOutput = LineWriter(descriptor: 1)
    package static let standardError = LineWriter(descriptor: 2)

    private struct State {
        var backlog: LineBacklog
        var phase = Phase.unstarted
        /// The reader was too slow for the last one who waited; nobody waits until something is written again.
        var isStalled = false
        /// Those who wait until so many bytes are written. At most one a thread.
        var waiters: [(mark: UInt64, done: DispatchSemaphore)] = []
    }

    private enum Phase {
        /// There is no thread yet.
        case unstarted
        /// The thread waits to be woken.
        case idle
        case writing
    }

    private let descriptor: Int32
    private let state: Mutex<State>
    private let ready = DispatchSemaphore(value: 0)

    /// How long a line may take until its writer goes on without knowing it written. It is paid once by each thread when the reader stops.
    private static let patience = Duration.milliseconds(100)

    package init(descriptor: Int32, limit: Int = 1 << 20) {
        self.descriptor = descriptor
        state = Mutex(State(backlog: LineBacklog(limit: limit)))
    }

    /// Adds one or more whole lines, and waits up to 100 ms until they are written, unless the reader is known to stand still.
    package func append(_ lines: some Collection<UInt8>) {
        guard let mark = add(lines) else { return }
        if state.withLock({ $0.isStalled }) || wait(for: mark, atMost: Self.patience) { return }
        state.withLock { $0.isStalled = $0.backlog.written < mark }
    }

    /// Adds one or more whole lines without waiting for anything.
    package func pass(_ lines: some Collection<UInt8>) { _ = add(lines) }

    /// Waits until all that was added so far is written.
    /// - Parameter limit: the longest wait; `nil` waits for the reader however long it takes.
    /// - Returns: whether it is.
    @discardableResult
    package func flush(within limit: Duration?) -> Bool {
        wait(for: state.withLock { $0.backlog.accepted }, atMost: limit)
    }

    /// - Returns: how far must be written for these lines to be; `nil` when they were dropped.
    private func add(_ lines: some Collection<UInt8>) -> UInt64? {
        let (mark, before) = state.withLock { state -> (UInt64?, Phase) in
            let isIn = state.backlog.append(lines)
            defer { state.phase = .writing }
            return (isIn ? state.backlog.accepted : nil, state.phase)
        }
        switch before {
        case .unstarted:
            do { try POSIXThread.start("relier-output") { [self] in serve() } } catch {
                // A process that gets no thread is about to leave, and its reason is what has to be written.
                writeAll()
                state.withLock { $0.phase = .unstarted }
            }
        case .idle: ready.signal()
        case .writing: break
        }
        return mark
    }

    private func wait(for mark: UInt64, atMost limit: Duration?) -> Bool {
        let done = state.withLock { state -> DispatchSemaphore? in
            if state.backlog.written >= mark { return nil }
            let done = DispatchSemaphore(value: 0)
            state.waiters.append((mark, done))
            return done
        }
        guard let done else { return true }
        guard let limit else {
            done.wait()
            return true
        }
        if done.wait(timeout: .now() + limit.inSeconds) == .success { return true }
        state.withLock { $0.waiters.removeAll { $0.done === done } }
        return false
    }

    // The thread

    private func serve() {
        while true {
            writeAll()
            ready.wait()
        }
    }

    /// Writes until nothing waits.
    private func writeAll() {
        while true {
            let chunk = state.withLock { state in
                let chunk = state.backlog.next()
                if chunk == nil { state.phase = .idle }
                return chunk
            }
            guard let chunk else { return }
            let rest = write(chunk)
            let done = state.withLock { state in
                if rest.isEmpty { state.backlog.finished() } else { state.backlog.failed(rest) }
                state.isStalled = false
                let written = state.backlog.written
                defer { state.waiters.removeAll { $0.mark <= written } }
                return state.waiters.filter { $0.mark <= written }
            }
            for waiter in done { waiter.done.signal() }
        }
    }

    /// - Returns: what could not be written, since the reader is gone or the disk is full.
    private func write(_ chunk: [UInt8]) -> ArraySlice<UInt8> {
        var rest = chunk[...]
        while !rest.isEmpty {
            // As much as a pipe takes at once, so that lines of several processes mix as little as possible.
            let count = rest.prefix(64 << 10).withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if count < 0 && errno == EAGAIN {
                // Another process has made the descriptor a non-blocking one.
                var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                if poll(&entry, 1, -1) < 0 && errno != EINTR { return rest }
            } else if count == 0 || errno != EINTR {
                return rest
            }
        }
        return rest
    }
}
