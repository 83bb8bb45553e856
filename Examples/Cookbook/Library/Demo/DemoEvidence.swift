import Relier

/// What a run left behind, gathered when it is over: what was pushed, what the engine tells of the tasks, and what the outside world saw.
struct DemoEvidence: Sendable {
    struct Push: Sendable {
        var customer: String
        /// The task that carries out the charge; for a duplicate, the one that was there before.
        var task: TaskID
    }

    struct TaskEnd: Sendable {
        var state: TaskState
        var history: [AttemptRecord]
    }

    /// A worker process that was killed.
    struct Kill: Sendable {
        /// Just before the signal was sent.
        var time: EngineTime
        /// What lived in the process.
        var incarnation: Incarnation
    }

    var pushes: [Push] = []
    var tasks: [TaskID: TaskEnd] = [:]
    /// The payment service's own account of the calls it got.
    var ledger: [LedgerEntry] = []
    /// What to add to the ledger's times to have them on the engine's clock, in microseconds.
    var ledgerClockOffset: Int64 = 0
    var kills: [Kill] = []
    var trapCustomer = ""
    var importTask: TaskID?
    /// The rows in the airports' store.
    var rows: [AirportStore.Entry] = []
}
