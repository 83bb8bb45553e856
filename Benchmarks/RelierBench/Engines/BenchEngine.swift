import ArgumentParser
import Relier
import RelierSQLite

/// The engines that can be measured.
enum EngineName: String, CaseIterable, ExpressibleByArgument, Sendable {
    case sqlite, redis
}

/// Tasks a second of a bare engine: the same transitions as minimal as they can be.
struct RawRates {
    var push: Double
    var claimAndCommit: Double

    /// Tasks a second from the push to the commit.
    var life: Double { 1 / (1 / push + 1 / claimAndCommit) }
}

/// An engine beside its bare self.
protocol BenchEngine: Sendable {
    var name: EngineName { get }
    /// Tasks that the bare engine takes together where throughput is compared.
    var rawGroup: Int { get }

    /// A fresh place for the tasks of a round.
    func site(_ durability: SQLiteOptions.Durability) async throws -> Site
    /// Frees what a round left, so that the next one begins as the first.
    func clear() async throws
    /// - Parameters:
    ///   - group: tasks a transaction or call; 1 or more.
    ///   - tasks: about so many.
    func raw(group: Int, tasks: Int, _ durability: SQLiteOptions.Durability) async throws -> RawRates
    /// The time of the one thing that a claim has to wait for: a transaction, or a round trip to the server.
    func bareLatencies(_ count: Int) async throws -> Latencies
    /// Another one, with nothing in it.
    func twin() async throws -> any BenchEngine
    func close() async
}

extension BenchEngine {
    func site() async throws -> Site { try await site(.durable) }
    func raw(group: Int, tasks: Int) async throws -> RawRates { try await raw(group: group, tasks: tasks, .durable) }
}
