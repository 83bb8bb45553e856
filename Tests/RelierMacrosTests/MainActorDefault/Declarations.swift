public import Relier

// Declarations of this target are on the main actor unless they say otherwise. What the macro makes is not, so what a payload is made of
// (argument types, values that defaults name) has to be nonisolated, as must synchronous bodies.

nonisolated struct Place: Codable, Sendable, Hashable { var name: String }

@RelierTask
func visit(place: Place, times: Int = 1) async throws -> Place { place }

@RelierTask(softTimeout: .seconds(1), onSoftTimeout: notice)
public func wait(_ seconds: Int) async {}
func notice(_ context: TaskContext) async throws {}

@RelierTask(hardTimeout: .minutes(1), onSoftTimeout: nil)
func visit2(visit2: Int) async -> Int { visit2 }

@RelierTask
nonisolated func measure(x: Int) throws -> Int { x * 2 }

enum Trips {
    nonisolated static let limit = 3

    @RelierTask
    static func plan(count: Int = Trips.limit) async -> Int { count }

    @RelierTask
    nonisolated static func book(count: Int) -> Int { count }
}
