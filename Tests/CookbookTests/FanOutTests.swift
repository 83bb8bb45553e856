import Foundation
import Relier
import Testing

@testable import CookbookLibrary

extension WorkshopTests {
    /// Pattern 7.
    @Suite(.serialized) struct FanOutTests {
        /// All children there are, whatever became of them.
        private func children(_ shop: Workshop) async throws -> [TaskSummary] {
            var children: [TaskSummary] = []
            var after: String?
            repeat {
                let page = try await shop.engine.tasks(TaskQuery(name: "storeAirport", limit: 1000, after: after))
                children += page.items
                after = page.next
            } while after != nil
            return children
        }

        private func expectEveryAirportOnce(_ shop: Workshop) async throws {
            try await eventually("the end of all children", within: .seconds(120)) {
                let open = try await shop.engine.queues().reduce(0) {
                    $0 + $1.queued + $1.recovered + $1.scheduled + $1.running + $1.parked + $1.suspects + $1.waiting
                }
                return open == 0 ? true : nil
            }
            let children = try await children(shop)
            #expect(children.count == AirportData.count)
            #expect(Set(children.map(\.id)).count == AirportData.count)
            #expect(children.allSatisfy { $0.state == .committed })
            let stored = try shop.store.entries()
            #expect(Set(stored.map(\.iata)).count == AirportData.count)
            #expect(Set(stored.map(\.task)).count == AirportData.count)
        }

        @Test func aParentPushesAChildForEachAirport() async throws {
            try await Workshop.open(processes: 2, concurrency: 8, storePause: 0) { shop in
                let receipt = try await shop.relier.push($storeAllAirports(file: AirportData.path))
                #expect(try await receipt.value(timeout: .seconds(60)) == AirportData.count)
                try await expectEveryAirportOnce(shop)
            }
        }

        @Test func aParentKilledHalfWayPushesNoChildTwice() async throws {
            try await Workshop.open(processes: 2, concurrency: 8, storePause: 0) { shop in
                let receipt = try await shop.relier.push($storeAllAirportsInGroups(file: AirportData.path))
                try await eventually("a checkpoint of the parent") { try await shop.engine.inspect(receipt.id)?.checkpointBytes }
                try await shop.killWorker(running: receipt.id)
                #expect(try await receipt.value(timeout: .seconds(60)) == AirportData.count)
                #expect(try await shop.outcomes(of: receipt.id) == ["worker-gone", "committed"])
                try await expectEveryAirportOnce(shop)
            }
        }
    }
}
