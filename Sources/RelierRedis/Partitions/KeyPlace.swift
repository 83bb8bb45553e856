/// A key as scripts name it: of a task, or taken by hand; by its hash.
struct KeyPlace: Hashable, Sendable {
    enum Kind: UInt8 {
        case task = 0x6b
        case hand = 0x67
    }

    let kind: Kind
    let hash: [UInt8]

    var letter: [UInt8] { [kind.rawValue] }
}

/// A key that is reserved in its own partition for a task that is about to be pushed into another.
struct KeyReservation: Sendable, Equatable {
    let operation: [UInt8]
    let token: UInt64
}
