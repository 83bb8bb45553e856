import Foundation
import Relier
import Testing

@testable import CookbookLibrary

extension WorkshopTests {
    /// Patterns 3a, 3b and 3c when the worker is killed.
    @Suite(.serialized) struct ImportTests {
        /// Kills the worker after a seeded row, once or twice, and gives the rows that were stored.
        private func rows<Work: RelierTask>(
            of task: Work, killingAfter kills: [Int]
        ) async throws -> [AirportStore.Entry] where Work.Output == ImportSummary {
            let stored = Stored()
            try await Workshop.open { shop in
                let receipt = try await shop.relier.push(task)
                for row in kills {
                    try await shop.awaitRows(row)
                    try await shop.killWorker(running: receipt.id)
                }
                #expect(try await receipt.value(timeout: .seconds(120)).rows == AirportData.count)
                let outcomes = try await shop.outcomes(of: receipt.id)
                #expect(outcomes == Array(repeating: "worker-gone", count: kills.count) + ["committed"])
                await stored.set(try shop.store.entries())
            }
            let rows = await stored.entries
            #expect(Set(rows.map(\.iata)).count == AirportData.count)
            return rows
        }

        @Test func eachRowRepeatsOneRowAKill() async throws {
            let kills = [Int.random(in: 100..<900), Int.random(in: 1000..<1600)]
            let rows = try await rows(of: $importAirportsEachRow(file: AirportData.path), killingAfter: kills)
            #expect(rows.count - AirportData.count <= kills.count, "kills after \(kills)")
        }

        @Test func hundredRowsRepeatHundredRowsAKill() async throws {
            let kills = [Int.random(in: 100..<900), Int.random(in: 1200..<2400)]
            let rows = try await rows(of: $importAirports(file: AirportData.path), killingAfter: kills)
            #expect(rows.count - AirportData.count <= 100 * kills.count, "kills after \(kills)")
            #expect(rows.first { $0.resurrections == 1 } != rows.first, "it went on from a checkpoint")
        }

        @Test func onTimeoutStartsOverAfterAKill() async throws {
            let kill = Int.random(in: 200..<900)
            let rows = try await rows(of: $importAirportsOnTimeout(file: AirportData.path), killingAfter: [kill])
            let before = rows.filter { $0.resurrections == 0 }
            let after = rows.filter { $0.resurrections == 1 }
            #expect(before.count >= kill)
            #expect(after.count == AirportData.count)
            #expect(after.first?.iata == before.first?.iata)
        }
    }
}

private actor Stored {
    var entries: [AirportStore.Entry] = []
    func set(_ entries: [AirportStore.Entry]) { self.entries = entries }
}
