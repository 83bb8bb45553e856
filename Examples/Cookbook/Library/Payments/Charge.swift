/// A charge as the payment service answers it.
struct Charge: Codable, Sendable, Hashable {
    /// The service's own id of the charge.
    var id: String
    var customer: String
    var amountCents: Int
}

/// What a client sends to be charged.
struct ChargeRequest: Codable, Sendable, Hashable {
    var customer: String
    var amountCents: Int
}

/// One line of the service's ledger: a call that it received.
struct LedgerEntry: Codable, Sendable, Hashable {
    enum Outcome: String, Codable, Sendable {
        /// This call made the charge.
        case charged
        /// The key was known: the earlier charge was answered, and nothing was charged.
        case repeated
        /// The key was known with another customer or amount: nothing was charged.
        case refused
    }
    /// When the call was answered from the ledger's point of view, in microseconds since 1970 by the service's clock.
    var time: Int64
    var key: String
    var customer: String
    var amountCents: Int
    var outcome: Outcome
    /// The charge that belongs to the key.
    var charge: String
}
