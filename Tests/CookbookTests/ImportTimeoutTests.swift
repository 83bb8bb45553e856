import Foundation
import Relier
import Testing

@testable import CookbookLibrary

/// Pattern 3b with a short time, tried again until it is through.
@RelierTask(
    name: "test.importRetried", softTimeout: .milliseconds(900), hardTimeout: .milliseconds(1200), onSoftTimeout: saveProgress,
    retry: .fixed(every: .milliseconds(1), maxAttempts: 200))
func importRetried(file: String, store: String, context: TaskContext) async throws -> ImportSummary {
    try await AirportStore.$current.withValue(AirportStore(path: store, pause: .milliseconds(1))) {
        try await importAirportsOnTimeout(file: file, context: context)
    }
}

/// The same without retries: it goes to the dead letter queue each time.
@RelierTask(name: "test.importOnce", softTimeout: .milliseconds(900), hardTimeout: .milliseconds(1200), onSoftTimeout: saveProgress)
func importOnce(file: String, store: String, context: TaskContext) async throws -> ImportSummary {
    try await AirportStore.$current.withValue(AirportStore(path: store, pause: .milliseconds(1))) {
        try await importAirportsOnTimeout(file: file, context: context)
    }
}

/// Pattern 3b when the time runs out.
@Suite(.serialized) struct ImportTimeoutTests {
    /// All rows are there, and each round began behind where the one before it began: at what the hook saved, not at the start.
    private func expectResumed(_ rows: [AirportStore.Entry]) async throws {
        let order = try await CookbookLibrary.rows(of: AirportData.path).collected().map(\.airport.iata)
        #expect(Set(rows.map(\.iata)) == Set(order))
        let place = Dictionary(uniqueKeysWithValues: zip(order, order.indices))
        let places = rows.compactMap { place[$0.iata] }
        // Where a stored row is not behind the one before it, a new round began.
        let rounds = places.indices.filter { $0 > 0 && places[$0] <= places[$0 - 1] }.map { places[$0] }
        #expect(!rounds.isEmpty, "the time never ran out")
        // On a starved machine a hook may not be through in time; the next round begins where this one did then.
        #expect(rounds.last != 0)
        #expect(rounds == rounds.sorted())
    }

    @Test func aRetryResumesWhereTheHookSaved() async throws {
        try await withWorker([$importRetried.self]) { relier, directory in
            let store = directory.appendingPathComponent("store").path
            let receipt = try await relier.push($importRetried(file: AirportData.path, store: store))
            #expect(try await receipt.value(timeout: .seconds(120)).rows == AirportData.count)
            try await expectResumed(AirportStore(path: store, pause: .zero).entries())
        }
    }

    @Test func aReleasedDeadLetterResumesWhereTheHookSaved() async throws {
        try await withWorker([$importOnce.self]) { relier, directory in
            let store = directory.appendingPathComponent("store").path
            let receipt = try await relier.push($importOnce(file: AirportData.path, store: store))
            try await eventually("the import", within: .seconds(120)) {
                do { return try await receipt.value(timeout: .seconds(120)) } catch let error as TaskQuarantined {
                    #expect(error.reason == "TimeoutError")
                    try await relier.engine.releaseDeadLetter(receipt.id, fresh: false)
                    return nil
                }
            }
            try await expectResumed(AirportStore(path: store, pause: .zero).entries())
        }
    }
}
