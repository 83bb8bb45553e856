import Foundation
import Relier
import RelierSQLite
import RelierTesting
import Testing

@testable import CookbookLibrary

/// Pattern 7: what a limit makes of a fan-out.
@Suite struct BatchAdmissionTests {
    @Test func aBatchOverTheLimitIsAdmittedExactlyUpToIt() async throws {
        let clock = TestClock()
        let engine = try SQLiteEngine.inMemory(options: SQLiteOptions(clock: clock.sqlite))
        let relier = Relier(engine, settings: ClientSettings(admission: AdmissionPolicy(limit: 1000, window: .seconds(10))))
        let airports = try await rows(of: AirportData.path).collected().map(\.airport)
        var (rest, retryAfter) = try await storeWhatFits(airports, relier: relier)
        for left in [2376, 1376, 376] {
            #expect(rest == Array(airports.suffix(left)))
            #expect(retryAfter == .seconds(10))
            #expect(try await engine.admission().backlog == AirportData.count - left)
            clock.advance(by: .seconds(10))
            (rest, retryAfter) = try await storeWhatFits(rest, relier: relier)
        }
        #expect(rest.isEmpty && retryAfter == nil)
        #expect(try await engine.admission().backlog == AirportData.count)
        try await engine.close()
    }

    /// A parent with more children than a window takes just takes longer.
    @Test func aFanOutWaitsForItsWindows() async throws {
        try await withTemporaryDirectory { place in
            let store = AirportStore(path: place.appendingPathComponent("store").path, pause: .zero)
            let admission = AdmissionPolicy(limit: 1500, window: .milliseconds(700), maxBacklog: 1)
            try await AirportStore.$current.withValue(store) {
                try await withWorker(
                    [$storeAllAirports.self, $storeAirport.self], client: ClientSettings(admission: admission)
                ) { relier, _ in
                    let start = ContinuousClock.now
                    let receipt = try await relier.push($storeAllAirports(file: AirportData.path))
                    #expect(try await receipt.value(timeout: .seconds(60)) == AirportData.count)
                    // Three windows: the third opens when two have ended.
                    #expect(start.duration(to: .now) >= .milliseconds(1400))
                    try await eventually("the end of all children") {
                        let open = try await relier.engine.queues().reduce(0) { $0 + $1.queued + $1.running }
                        return open == 0 ? true : nil
                    }
                }
            }
            #expect(try store.entries().count == AirportData.count)
            #expect(Set(try store.entries().map(\.iata)).count == AirportData.count)
        }
    }
}
