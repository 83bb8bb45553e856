import Dispatch
import Foundation
import Logging

/// A worker that is a process of its own and takes its orders over a pipe from its supervisor.
public enum WorkerProcess {
    /// How a worker process ends, for its exit status.
    public enum Ending: Sendable, Hashable {
        /// Status 0: a supervisor that did not ask for it starts another.
        case done
        /// Status ``Death/drainedStatus``: an operator's order ended it, and no other is to be started.
        case forGood
    }

    /// Works until an order, or the end of the pipe, says to stop.
    ///
    /// - Parameter orders: a descriptor to read lines from: `drain` lets bodies finish, `now` hands over at once. Its end means that the supervisor is gone: drain.
    /// - Throws: as ``Worker/run()``.
    public static func run(engine: any Engine, tasks: TaskRegistry, settings: WorkerSettings, orders: Int32) async throws -> Ending {
        // Not to be inherited by what bodies start: the pipe must end with the supervisor.
        _ = fcntl(orders, F_SETFD, FD_CLOEXEC)
        Farewell.prepare(on: orders)
        var settings = settings
        settings.ownsProcess = true
        // Its supervisor sweeps.
        settings.resurrection = nil
        let worker = Worker(engine: engine, tasks: tasks, settings: settings)
        let signals = handleSignals(worker)
        defer { for source in signals { source.cancel() } }
        let reader = Thread { read(orders, worker) }
        reader.name = "relier-orders"
        reader.start()
        try await worker.run()
        Farewell.leaving.say()
        return worker.leftForGood ? .forGood : .done
    }

    private static func read(_ orders: Int32, _ worker: Worker) {
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

    /// A signal sent to this very process: the first drains, the second hands over.
    private static func handleSignals(_ worker: Worker) -> [any DispatchSourceSignal] {
        let queue = DispatchQueue(label: "relier.signals")
        let count = SignalCount()
        return [SIGTERM, SIGINT].map { number in
            // Not SIG_IGN, which what bodies start would inherit.
            signal(number) { _ in }
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler {
                if count.next() == 1 { worker.drain() } else { worker.handOver() }
            }
            source.resume()
            return source
        }
    }
}
