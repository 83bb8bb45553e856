/// How far a user's transaction is: whoever comes first, its end or its limit, decides what becomes of it. Pure.
struct TransactionPhase: Sendable, Hashable {
    private enum Step { case open, expired, committing, ended }
    private var step = Step.open

    /// The time is up. Answers whether that undoes the transaction: a commit that has begun is not stopped.
    mutating func expire() -> Bool {
        guard step == .open else { return false }
        step = .expired
        return true
    }

    /// The commit is about to begin. Answers `false` when the time was up before.
    mutating func beginCommit() -> Bool {
        guard step == .open else { return false }
        step = .committing
        return true
    }

    /// The connection is outside the transaction again.
    mutating func end() { step = .ended }

    /// Nothing that the closure still writes will stay.
    var isExpired: Bool { step == .expired }
    var mayCommit: Bool { step == .committing }
    var hasEnded: Bool { step == .ended }
}
