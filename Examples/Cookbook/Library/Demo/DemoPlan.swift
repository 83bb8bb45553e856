/// What a run of the demo does, decided by its seed alone.
struct DemoPlan: Sendable, Hashable {
    static let distinct = 800
    static let pushes = 1000

    let seed: UInt64
    /// In the order in which they are pushed; some customers come twice, with the same amount.
    let charges: [ChargeRequest]
    /// After how many commits a worker process is killed, in rising order.
    let killAfterCommits: [Int]
    /// Whose body traps once.
    let trapCustomer: String
    /// After how many stored rows the importing worker is killed.
    let killAfterRows: Int
    /// Which of the busy workers a kill hits: an index to be taken modulo their number.
    let victims: [Int]

    init(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let customers = (1...Self.distinct).map { number in
            ChargeRequest(customer: "cus_\(number)", amountCents: Int.random(in: 100...99_999, using: &random))
        }
        let twice = customers.shuffled(using: &random).prefix(Self.pushes - Self.distinct)
        let charges = (customers + twice).shuffled(using: &random)
        self.seed = seed
        self.charges = charges
        // Each kill leaves enough to do for the next, and for the workers to be busy when it comes.
        killAfterCommits = [80..<200, 280..<420, 520..<680].map { Int.random(in: $0, using: &random) }
        trapCustomer = charges[Int.random(in: 250..<750, using: &random)].customer
        killAfterRows = Int.random(in: 500..<2800, using: &random)
        victims = (0..<3).map { _ in Int.random(in: 0..<1024, using: &random) }
    }
}
