import Foundation
import Relier
import TestSupport
import Testing

@testable import CookbookLibrary

/// Pattern 7: what a limit makes of a fan-out.
@Suite struct BatchAdmissionTests {
    @Test func aBatchOverTheLimitIsAdmittedExactlyUpToIt() async throws {
        try await withTemporaryDirectory { directory in
            let place = TestPlace(in: directory.path)
            let (engine, advance) = try place.movable()
            let relier = Relier(engine, settings: ClientSettings(admission: AdmissionPolicy(limit: 1000, window: .minutes(1))))
            let airports = try await rows(of: AirportData.path).collected().map(\.airport)
            var (rest, retryAfter) = try await storeWhatFits(airports, relier: relier)
            for left in [2376, 1376, 376] {
                #expect(rest == Array(airports.suffix(left)))
                let wait = try #require(retryAfter)
                #expect(wait > .seconds(50) && wait <= .minutes(1))
                #expect(try await engine.admission().backlog == AirportData.count - left)
                try await advance(wait)
                (rest, retryAfter) = try await storeWhatFits(rest, relier: relier)
            }
            #expect(rest.isEmpty && retryAfter == nil)
            #expect(try await engine.admission().backlog == AirportData.count)
            try await place.remove(engine)
        }
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
