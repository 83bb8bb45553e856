import Relier

/// What a feature costs: the end-to-end run with tasks that use it beside tasks with the same arguments that do not, in the same run, in turns. "Raw" is the run without.
struct CostBench {
    let bench: Bench
    let engine: any BenchEngine
    let feature: Produce.Kind
    let scale: Scale
    let scratch: Scratch

    func run() async throws -> Figure {
        let tasks = scale.count(40_960, quick: 2_560)
        var with: [Double] = []
        var without: [Double] = []
        var cpu: [Double] = []
        var audit = ""
        for round in 0..<scale.rounds {
            let bench = EndToEndBench(bench: bench, engine: engine, scale: scale, scratch: scratch)
            // In turns, so that a machine that slows down slows both.
            for kind in round.isMultiple(of: 2) ? [.free, feature] : [feature, .free] {
                let measured = try await bench.measureOurs(tasks, kind: kind)
                if kind == feature {
                    with.append(measured.rate)
                    cpu.append(measured.workerMicroseconds)
                } else {
                    without.append(measured.rate)
                }
                audit = measured.audit
            }
        }
        var figure = Figure(
            bench, engine.name, ours: with.median, raw: without.median, unit: "tasks/s", tasks: tasks, rounds: scale.rounds)
        figure.audit = audit
        figure.setWorker(cpu)
        return figure
    }
}

/// Arguments of ``NoOp``'s size with a customer: one of ``keys``, or one of its own.
struct Customer: Codable, Sendable {
    /// Customers that tasks are spread over where several have one.
    static let keys = 500
    private static let payload =
        String(repeating: "x", count: NoOp.payloadBytes - #"{"filler":"","key":"customer-1000000"}"#.utf8.count)
    var key: String
    var filler: String

    init(number: Int) {
        key = "customer-\(number + 1_000_000)"
        filler = Self.payload
    }
}

/// ``NoOp`` with a customer, and a limit for each.
struct LimitedNoOp: RelierTask {
    static let name = "limited-noop"
    static let options = TaskOptions(limits: [.concurrency(InProcessWorker.concurrency, per: "key")])
    static let parameters = ["key", "filler"]
    var key: String
    var filler: String

    init(number: Int) {
        let customer = Customer(number: number % Customer.keys)
        (key, filler) = (customer.key, customer.filler)
    }

    func run(_ context: TaskContext) async throws -> Int {
        Tally.shared.ran(context.id)
        return 1
    }
}

/// ``NoOp`` with a customer of its own, and an idempotency key from its arguments.
struct IdempotentNoOp: RelierTask {
    static let name = "idempotent-noop"
    static let options = TaskOptions(idempotent: .automatic)
    var key: String
    var filler: String

    init(number: Int) {
        let customer = Customer(number: number)
        (key, filler) = (customer.key, customer.filler)
    }

    func run(_ context: TaskContext) async throws -> Int {
        Tally.shared.ran(context.id)
        return 1
    }
}

/// The same arguments with nothing to them.
struct FreeNoOp: RelierTask {
    static let name = "free-noop"
    var key: String
    var filler: String

    init(number: Int) {
        let customer = Customer(number: number)
        (key, filler) = (customer.key, customer.filler)
    }

    func run(_ context: TaskContext) async throws -> Int {
        Tally.shared.ran(context.id)
        return 1
    }
}
