import Foundation
import Synchronization

/// A worker process as its supervisor holds it: spawned into a process group of its own, given orders over a pipe, its standard error
/// passed on and remembered, its death seen by the kernel's word alone.
final class ChildProcess: Sendable {
    let pid: Int32
    let startedAt = ContinuousClock.now
    private let orders: Mutex<Int32?>
    private let life = Mutex(Life())
    private let errors: StandardErrorTail
    private let crashes: AsyncStream<Int32>

    private struct Life {
        var isOver = false
        /// The signal of a crash whose report took too long, so that the process was killed.
        var cutShort: Int32?
        /// The crash reporters seen at work on it.
        var reporters: Set<Int32> = []
        /// It was given an order to leave.
        var wasTold = false
        /// It left with ``Death/drainedStatus``.
        var leftForGood = false
    }

    /// The descriptor under which the worker finds its orders.
    static let ordersDescriptor: Int32 = 3

    /// Spawns (never forks) `executable`.
    /// - Parameters:
    ///   - onDeath: called once, on a thread of the child's own, with the wait status, at once when the process dies: whatever it started may live on.
    ///   - reportLimit: how long its crash report may take, when it traps.
    /// - Throws: ``POSIXFailure`` when the system will not start it, or gives no thread to watch it.
    init(
        executable: String, arguments: [String], environment: [String: String], reportLimit: Duration,
        onDeath: @escaping @Sendable (ChildProcess, Death) -> Void
    ) throws {
        let (orderReader, orderWriter) = try Self.ordersPair()
        let (errorReader, errorWriter): (Int32, Int32)
        do { (errorReader, errorWriter) = try Pipe.make() } catch {
            close(orderReader)
            close(orderWriter)
            throw error
        }
        defer {
            close(orderReader)
            close(errorWriter)
        }
        let (crashes, announce) = AsyncStream.makeStream(of: Int32.self)
        self.crashes = crashes
        let tail: StandardErrorTail
        do {
            tail = try StandardErrorTail(reading: errorReader) { announce.yield($0) }
        } catch {
            close(orderWriter)
            close(errorReader)
            throw error
        }
        errors = tail
        do {
            pid = try Self.spawn(executable, arguments, environment, orders: orderReader, errors: errorWriter)
        } catch {
            close(orderWriter)
            _ = tail.finish()
            throw error
        }
        orders = Mutex(orderWriter)
        let watch = Task { [self] in
            for await signal in crashes {
                let deadline = ContinuousClock.now + reportLimit
                while ContinuousClock.now < deadline {
                    try await Task.sleep(for: .milliseconds(100))
                    noteReporters()
                }
                cutShort(signal)
            }
        }
        do {
            try POSIXThread.start("relier-wait") { [self] in
                let death = awaitDeath()
                watch.cancel()
                endReporters()
                onDeath(self, dismiss(death))
            }
        } catch {
            // Nobody would see it die. It holds nothing yet.
            watch.cancel()
            kill(SIGKILL)
            _ = awaitDeath()
            _ = dismiss(.signalled(SIGKILL))
            _ = tail.finish()
            throw error
        }
    }

    private func awaitDeath() -> Death {
        var information = siginfo_t()
        while waitid(P_PID, id_t(pid), &information, WEXITED | WNOWAIT) < 0 && errno == EINTR {}
        // Reaped under the lock: until then the pid is nobody else's.
        return life.withLock { life in
            life.isOver = true
            var status: Int32 = 0
            while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
            let death = Self.death(from: status)
            life.leftForGood = death == .exited(status: Death.drainedStatus)
            if death == .signalled(SIGKILL), let signal = life.cutShort { return .signalled(signal) }
            return death
        }
    }

    /// Ends a process that crashed and is still being reported on: it stands still, and may hold a lock of the engine that all others need.
    private func cutShort(_ signal: Int32) {
        life.withLock { life in
            // Without a reporter at work a body has printed the same words.
            if life.isOver || life.reporters.isEmpty { return }
            life.cutShort = signal
            _ = Foundation.kill(pid, SIGKILL)
        }
    }

    private func noteReporters() {
        let found = Self.reporters(of: pid)
        life.withLock { $0.reporters.formUnion(found) }
    }

    /// A reporter whose process was killed under it would wait for ever, holding on to what it inherited.
    private func endReporters() {
        for reporter in life.withLock({ $0.reporters }) where Self.isReporter(reporter) { _ = Foundation.kill(reporter, SIGKILL) }
    }

    private static func reporters(of pid: Int32) -> [Int32] {
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task")) ?? []
        return threads.flatMap { thread in
            let children = (try? String(contentsOfFile: "/proc/\(pid)/task/\(thread)/children", encoding: .utf8)) ?? ""
            return children.split(separator: " ").compactMap { Int32($0) }.filter(isReporter)
        }
    }

    private static func isReporter(_ pid: Int32) -> Bool {
        (try? String(contentsOfFile: "/proc/\(pid)/comm", encoding: .utf8))?.hasPrefix("swift-backtra") == true
    }

    /// Sends an order to leave; a dead child does not mind.
    func order(_ line: String) {
        life.withLock { $0.wasTold = true }
        orders.withLock { descriptor in
            guard let descriptor else { return }
            let bytes = Array((line + "\n").utf8)
            _ = write(descriptor, bytes, bytes.count)
        }
    }

    /// Hears what the dead process said last, and closes the orders.
    private func dismiss(_ seen: Death) -> Death {
        let farewell = orders.withLock { descriptor in
            defer { descriptor = nil }
            guard let open = descriptor else { return Farewell?.none }
            defer { close(open) }
            return Farewell.heard(on: open)
        }
        return Death.of(seen, said: farewell, wasTold: life.withLock { $0.wasTold })
    }

    /// Whether it left with the status of a worker that an operator drained for good; known once it is dead.
    var leftForGood: Bool { life.withLock { $0.leftForGood } }

    func kill(_ signal: Int32) { _ = Foundation.kill(pid, signal) }

    /// What the process wrote last, once it is dead. Does not wait for the end of the pipe, which a body's own child may hold open.
    func lastWords() -> (standardError: String, backtrace: String?) { errors.finish() }

    /// A socket pair, since it is born close-on-exec: a sibling that inherited the writer would keep the orders from ending with their supervisor.
    private static func ordersPair() throws -> (reader: Int32, writer: Int32) {
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else { throw POSIXFailure("cannot make a socket pair") }
        return (ends[0], ends[1])
    }

    private static func death(from status: Int32) -> Death {
        let signal = status & 0x7f
        return signal == 0 ? .exited(status: (status >> 8) & 0xff) : .signalled(signal)
    }

    private static func spawn(
        _ executable: String, _ arguments: [String], _ environment: [String: String], orders: Int32, errors: Int32
    ) throws -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        // The higher one first: neither target may be the other's source.
        posix_spawn_file_actions_adddup2(&actions, errors, 2)
        posix_spawn_file_actions_adddup2(&actions, orders, ordersDescriptor)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        var argv: [UnsafeMutablePointer<CChar>?] = ([executable] + arguments).map { strdup($0) }
        argv.append(nil)
        var envp: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0.key)=\($0.value)") }
        envp.append(nil)
        defer { for pointer in argv + envp { free(pointer) } }
        var pid: pid_t = 0
        let status = posix_spawn(&pid, executable, &actions, &attributes, argv, envp)
        guard status == 0 else { throw POSIXFailure("cannot start \(executable)", code: status) }
        return pid
    }
}
