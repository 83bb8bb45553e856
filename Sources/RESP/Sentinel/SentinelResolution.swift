/// Whom to ask for the master, in which order, and what to make of the answers. Pure.
///
/// The sentinel that knew the master last is asked first; one that did not answer, or whose answer turned out to be wrong, is asked last.
struct SentinelResolution {
    enum Step: Hashable {
        case ask(RESPEndpoint.Address)
        case found(RESPEndpoint.Address)
        /// All were asked. Says what each answered.
        case failed(String)
    }

    let masterName: String
    private(set) var order: [RESPEndpoint.Address]
    private var left = 0
    private var answers: [String] = []

    init(masterName: String, nodes: [RESPEndpoint.Address]) {
        self.masterName = masterName
        order = nodes
    }

    /// Begins a round.
    mutating func start() -> Step {
        left = order.count
        answers = []
        return next()
    }

    /// What the sentinel that was asked, which is the first one, answered: an address as two strings, or null when it does not know the master.
    mutating func answered(_ value: RESPValue) -> Step {
        if let elements = value.elements, elements.count == 2, let host = elements[0].string, let port = elements[1].integer,
            !host.isEmpty, (1...65535).contains(port)
        {
            return .found(.host(host, port: port))
        }
        return failed(value.isNull ? "does not know '\(masterName)'" : "gave no address")
    }

    /// The sentinel that was asked did not answer.
    mutating func failed(_ why: String) -> Step {
        answers.append("\(order[0]) \(why)")
        return next()
    }

    /// What was found is no master: the sentinel that said so is behind the others.
    mutating func wasWrong() { rotate() }

    private mutating func next() -> Step {
        if !answers.isEmpty { rotate() }
        guard left > 0 else { return .failed(answers.joined(separator: "; ")) }
        left -= 1
        return .ask(order[0])
    }

    private mutating func rotate() { order.append(order.removeFirst()) }
}
