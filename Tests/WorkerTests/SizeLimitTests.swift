import Foundation
import Relier
import RelierTesting
import Testing

@Suite(.serialized) struct SizeLimitTests {
    @Test func threeHundredMegabytesAreRefusedWithoutHarm() async throws {
        try await Workbench.run([Count.self]) { bench in
            let huge = Count(label: String(repeating: "x", count: 300_000_000))
            let error = try await #require(throws: PayloadTooLarge.self) { try await bench.relier.push(huge) }
            #expect(error.bytes > 300_000_000)
            #expect(error.limit == 1 << 20)
            #expect(error.description.count < 300)
            let large = Count(label: String(repeating: "x", count: 2 << 20))
            await #expect(throws: PayloadTooLarge.self) { try await bench.relier.push(contentsOf: [Count(label: "small"), large]) }
            #expect(bench.engine.accepted.isEmpty, "of a batch all or none is accepted")
            let receipt = try await bench.relier.push(Count(label: "after-huge"))
            #expect(try await receipt.value(timeout: .seconds(30)) == "after-huge")
        }
    }

    @Test func theLimitIsExact() async throws {
        try await Workbench.run([Count.self]) { bench in
            let bytes = try CanonicalJSON.encode(Count(label: "exact")).count
            let exact = Relier(bench.engine, settings: ClientSettings(maxPayloadBytes: bytes))
            #expect(try await exact.push(Count(label: "exact")).value(timeout: .seconds(30)) == "exact")
            let less = Relier(bench.engine, settings: ClientSettings(maxPayloadBytes: bytes - 1))
            await #expect(throws: PayloadTooLarge.self) { try await less.push(Count(label: "exact")) }
            await #expect(throws: PayloadTooLarge.self) { try await less.push(name: "count", arguments: Data(#"{"label":"exact"}"#.utf8)) }
        }
    }

    /// A client with a higher limit than the worker's: never run, kept, named.
    @Test func aWorkerRefusesWhatALaxClientPushed() async throws {
        try await Workbench.run([Count.self]) { bench in
            let lax = Relier(bench.engine, settings: ClientSettings(maxPayloadBytes: 10 << 20))
            let receipt = try await lax.push(Count(label: String(repeating: "y", count: 2 << 20)))
            let error = try await #require(throws: TaskQuarantined.self) { try await receipt.value(timeout: .seconds(30)) }
            #expect(error.reason == "PayloadTooLarge")
            #expect(error.message.contains("more than the 1048576 that this worker allows (RELIER_MAX_PAYLOAD_BYTES)"))
            #expect(try await bench.details(of: receipt.id).payload != nil)
        }
    }

    struct Echo: RelierTask {
        static let name = "echo"
        var count: Int
        func run(_ context: TaskContext) async throws -> String { String(repeating: "z", count: count) }
    }

    @Test func theLimitOfResultsIsExact() async throws {
        try await Workbench.run([Echo.self]) { bench in
            // Two bytes are the quotes.
            let fits = try await bench.relier.push(Echo(count: (1 << 20) - 2))
            #expect(try await fits.value(timeout: .seconds(30)).count == (1 << 20) - 2)
            let tooLarge = try await bench.relier.push(Echo(count: (1 << 20) - 1))
            let error = try await #require(throws: TaskQuarantined.self) { try await tooLarge.value(timeout: .seconds(30)) }
            #expect(error.reason == "ResultError")
            #expect(error.message.contains("takes 1048577 bytes") && error.message.contains("RELIER_RESULT_MAX_BYTES"))
        }
    }
}
