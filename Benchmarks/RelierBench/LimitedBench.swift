import Foundation
import Relier
import RelierSQLite

/// What a limit for each key costs: the end-to-end run with tasks of many keys, none of which comes to its limit, beside the same tasks without a limit
/// in the same run. "Raw" is the run without.
struct LimitedBench {
    let scale: Scale
    let scratch: Scratch
    /// Keys that the tasks are spread over.
    static let keys = 500

    func run() async throws -> Figure {
        let tasks = scale.count(40_960, quick: 2_560)
        var limited: [Double] = []
        var free: [Double] = []
        var audit = ""
        for round in 0..<scale.rounds {
            let bench = EndToEndBench(bench: .endToEndLimited, durability: .durable, scale: scale, scratch: scratch)
            // In turns, so that a machine that slows down slows both.
            let order: [Produce.Kind] = round.isMultiple(of: 2) ? [.free, .limited] : [.limited, .free]
            for kind in order {
                let measured = try await bench.measureOurs(tasks, kind: kind)
                if kind == .limited { limited.append(measured.rate) } else { free.append(measured.rate) }
                audit = measured.audit
            }
        }
        var figure = Figure(
            .endToEndLimited, ours: limited.median, raw: free.median, unit: "tasks/s", tasks: tasks, rounds: scale.rounds)
        figure.audit = audit
        return figure
    }
}

/// ``NoOp`` with a key and a limit for each key.
struct LimitedNoOp: RelierTask {
    static let name = "limited-noop"
    static let options = TaskOptions(limits: [.concurrency(InProcessWorker.concurrency, per: "key")])
    static let parameters = ["key", "filler"]
    var key: String
    var filler: String

    init(number: Int) {
        key = "customer-\(number % LimitedBench.keys + 1000)"
        filler = String(repeating: "x", count: NoOp.payloadBytes - #"{"filler":"","key":"customer-1000"}"#.utf8.count)
    }

    func run(_ context: TaskContext) async throws -> Int {
        Tally.shared.ran(context.id)
        return 1
    }
}

/// The same tasks without the limit.
struct FreeNoOp: RelierTask {
    static let name = "free-noop"
    var key: String
    var filler: String

    init(number: Int) {
        let limited = LimitedNoOp(number: number)
        (key, filler) = (limited.key, limited.filler)
    }

    func run(_ context: TaskContext) async throws -> Int {
        Tally.shared.ran(context.id)
        return 1
    }
}
