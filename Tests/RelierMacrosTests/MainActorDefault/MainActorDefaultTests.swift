import Foundation
import Relier
import Testing

@Suite nonisolated struct MainActorDefaultTests {
    @Test func tasksAreFreeOfTheMainActor() throws {
        let types: [any RelierTask.Type] = [
            $visit.self, $wait.self, $visit2.self, $measure.self, Trips.$plan.self, Trips.$book.self,
        ]
        #expect(types.map { $0.name } == ["visit", "wait", "visit2", "measure", "Trips.plan", "Trips.book"])
        let task = try JSONDecoder().decode($visit.self, from: Data(#"{"place":{"name":"Oslo"}}"#.utf8))
        #expect(task.times == 1)
        let payload = try JSONEncoder().encode($measure(x: 2))
        #expect(payload == Data(#"{"x":2}"#.utf8))
        #expect($wait.options.softTimeout == .seconds(1))
        #expect(Trips.$plan().count == 3)
        #expect(types.filter { $0 is any BlockingRelierTask.Type }.map { $0.name } == ["measure", "Trips.book"])
    }
}
