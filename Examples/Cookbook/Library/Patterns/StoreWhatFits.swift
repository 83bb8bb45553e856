import Relier

/// Pattern 7 against an admission limit: pushes as many of a list as the window takes, in order, and gives back the rest and when to push it.
func storeWhatFits(_ airports: [Airport], relier: Relier) async throws -> (rest: [Airport], retryAfter: Duration?) {
    do {
        try await relier.push(contentsOf: airports.map { $storeAirport(airport: $0) })
        return ([], nil)
    } catch let error as PartialPushError<$storeAirport> {
        return (error.remaining.map(\.airport), error.retryAfter)
    }
}

/// The same by waiting: returns when all are in, or throws what `storeWhatFits` catches after a minute.
func storeWhenItFits(_ airports: [Airport], relier: Relier) async throws {
    try await relier.push(contentsOf: airports.map { $storeAirport(airport: $0) }, onSaturation: .wait(upTo: .minutes(1)))
}
