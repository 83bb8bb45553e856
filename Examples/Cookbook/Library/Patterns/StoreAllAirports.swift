import Relier

/// Pattern 7, fan-out: one task pushes a child for each airport.
///
/// A parent that runs again pushes no child twice, since a child's id comes from the parent, its name and its arguments.
@RelierTask(name: "storeAllAirports")
func storeAllAirports(file: String, context: TaskContext) async throws -> Int {
    let airports = try await rows(of: file).collected().map(\.airport)
    return try await context.push(contentsOf: airports.map { $storeAirport(airport: $0) }).count
}

/// The child.
@RelierTask(name: "storeAirport")
func storeAirport(airport: Airport) async throws {
    try await store(airport)
}

/// The same for a list too long for one go: groups of 100 in any order, and a checkpoint of those that are pushed.
///
/// What was pushed after the last checkpoint is pushed again when the worker dies, and known by its ids.
@RelierTask(name: "storeAllAirportsInGroups")
func storeAllAirportsInGroups(file: String, context: TaskContext) async throws -> Int {
    let airports = try await rows(of: file).collected().map(\.airport)
    let starts = stride(from: 0, to: airports.count, by: 100)
    var pushed = try context.partial(as: Set<Int>.self) ?? []
    for start in starts.shuffled() where !pushed.contains(start) {
        let group = airports[start..<min(start + 100, airports.count)].shuffled()
        try await context.push(contentsOf: group.map { $storeAirport(airport: $0) })
        pushed.insert(start)
        if pushed.count.isMultiple(of: 4) { try await context.setPartial(pushed) }
    }
    return airports.count
}
