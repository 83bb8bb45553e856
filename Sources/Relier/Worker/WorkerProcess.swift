import Dispatch
import Foundation
import Logging
import Synchronization

/// A worker that is a process of its own and takes its orders over a pipe from its supervisor.
public enum WorkerProcess {
    /// How a worker process ends, for its exit status.
    public enum Ending: Sendable, Hashable {
        /// Status 0: a supervisor that did not ask for it starts another.
        case done
        /// Status ``Death/drainedStatus``: an operator's order ended it, and no other is to be started.
        case forGood
    }

    /// Works until an order, or the end of the pipe, says to stop. See ``run(opening:tasks:settings:orders:)``.
    /// - Throws: as ``Worker/run()``.
    public static func run(engine: any Engine, tasks: TaskRegistry, settings: WorkerSettings, orders: Int32) async throws -> Ending {
        try await run(opening: { engine }, tasks: tasks, settings: settings, orders: orders)
    }

    /// Opens the engine, works until an order, or the end of the pipe, says to stop, and leaves the engine open.
    ///
    /// An engine that cannot be opened or joined for now (away, locked, full, read-only) is waited for, with a line in the log: whoever started this process
    /// has seen it before.
    /// - Parameters:
    ///   - open: opens the engine, or gives one that is open; called until it succeeds. May block.
    ///   - orders: a descriptor to read lines from: `drain` lets bodies finish, `now` hands over at once. Its end means that the supervisor is gone: drain.
    /// - Throws: what `open` throws when that cannot pass; otherwise as ``Worker/run()``.
    public static func run(
        opening open: @Sendable () throws -> any Engine, tasks: TaskRegistry, settings: WorkerSettings, orders: Int32
    ) async throws -> Ending {
        // Not to be inherited by what bodies start: the pipe must end with the supervisor.
        _ = fcntl(orders, F_SETFD, FD_CLOEXEC)
        Farewell.prepare(on: orders)
        var settings = settings
        settings.ownsProcess = true
        // Its supervisor sweeps.
        settings.resurrection = nil
        let desk = OrderDesk()
        let signals = handleSignals(desk)
        defer { for source in signals { source.cancel() } }
        try POSIXThread.start("relier-orders") { read(orders, desk) }
        settings.footing = Footing(orders: orders)
        guard let engine = try await waitForEngine(open, desk, settings.logger) else {
            Farewell.leaving.say()
            return .done
        }
        let worker = Worker(engine: engine, tasks: tasks, settings: settings)
        desk.give(to: worker)
        try await worker.run()
        Farewell.leaving.say()
        return worker.leftForGood ? .forGood : .done
    }

    /// - Returns: `nil` when an order to stop came first.
    private static func waitForEngine(
        _ open: () throws -> any Engine, _ desk: OrderDesk, _ logger: Logger
    ) async throws -> (any Engine)? {
        var pause = GrowingPause(upTo: .milliseconds(500))
        var outage = OutageNotice()
        while !desk.isStopping {
            do { return try open() } catch let error as EngineError where error.mayPass {
                if outage.failed(at: .now) { logger.error("cannot open the engine, trying again until it works: \(error)") }
            }
            try? await Task.sleep(for: pause.take())
        }
        return nil
    }

    private static func read(_ orders: Int32, _ worker: OrderDesk) {
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while true {
            let count = Foundation.read(orders, &byte, 1)
            if count < 0 && errno == EINTR { continue }
            if count <= 0 {
                worker.drain()
                return
            }
            if byte != UInt8(ascii: "\n") {
                line.append(byte)
                continue
            }
            switch String(decoding: line, as: UTF8.self) {
            case "drain": worker.drain()
            case "now": worker.handOver()
            default: break
            }
            line = []
        }
    }

    /// A signal sent to this very process: the first drains, the second hands over. A terminal that closes may send SIGHUP more than once, so that only drains.
    private static func handleSignals(_ worker: OrderDesk) -> [any DispatchSourceSignal] {
        let queue = DispatchQueue(label: "relier.signals")
        let count = SignalCount()
        return [SIGTERM, SIGINT, SIGHUP].filter { $0 != SIGHUP || !Hangup.isIgnored }.map { number in
            // Not SIG_IGN, which what bodies start would inherit.
            signal(number) { _ in }
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler {
                if number == SIGHUP || count.next() == 1 { worker.drain() } else { worker.handOver() }
            }
            source.resume()
            return source
        }
    }
}

/// Takes the orders to stop, and passes them on to the worker once there is one.
private final class OrderDesk: Sendable {
    private struct State {
        var worker: Worker?
        var isDraining = false
        var isHandingOver = false
    }

    private let state = Mutex(State())

    var isStopping: Bool { state.withLock { $0.isDraining || $0.isHandingOver } }

    func drain() {
        let worker = state.withLock { state in
            state.isDraining = true
            return state.worker
        }
        worker?.drain()
    }

    func handOver() {
        let worker = state.withLock { state in
            state.isHandingOver = true
            return state.worker
        }
        worker?.handOver()
    }

    func give(to worker: Worker) {
        let (isDraining, isHandingOver) = state.withLock { state in
            state.worker = worker
            return (state.isDraining, state.isHandingOver)
        }
        if isDraining { worker.drain() }
        if isHandingOver { worker.handOver() }
    }
}
