import Foundation
import Relier
import Testing

@testable import CookbookLibrary

/// Compares the injected context with the current one: here, three calls down, and in child tasks.
@RelierTask(name: "test.comparesContexts")
func comparesContexts(context: TaskContext) async throws -> [Bool] {
    async let child = isCurrent(context)
    let inGroup = try await withThrowingTaskGroup(of: Bool.self) { group in
        for _ in 0..<3 { group.addTask { try await callDown(3, context) } }
        return try await group.reduce(true) { $0 && $1 }
    }
    return [try TaskContext.current === context, try await callDown(3, context), try await child, inGroup]
}

private func isCurrent(_ context: TaskContext) async throws -> Bool { try TaskContext.current === context }

private func callDown(_ levels: Int, _ context: TaskContext) async throws -> Bool {
    levels == 0 ? try TaskContext.current === context : try await callDown(levels - 1, context)
}

/// Waits until many bodies run at once, and says whose context each sees.
@RelierTask(name: "test.seesItsOwn")
func seesItsOwn(number: Int, context: TaskContext) async throws -> [TaskID] {
    await Meeting.shared.arrive(of: 100)
    return [context.id, try TaskContext.current.id, try await idThreeCallsDown(3)]
}

private func idThreeCallsDown(_ levels: Int) async throws -> TaskID {
    levels == 0 ? try TaskContext.current.id : try await idThreeCallsDown(levels - 1)
}

/// Lets nobody pass before all have come.
private actor Meeting {
    static let shared = Meeting()
    private var waiting: [CheckedContinuation<Void, Never>] = []

    func arrive(of count: Int) async {
        await withCheckedContinuation { continuation in
            waiting.append(continuation)
            if waiting.count == count {
                for one in waiting { one.resume() }
                waiting = []
            }
        }
    }
}

/// Patterns 4 and 9.
@Suite struct ContextTests {
    @Test func theParameterAndTheCurrentContextAreOneObject() async throws {
        try await withWorker([$comparesContexts.self]) { relier, _ in
            let receipt = try await relier.push($comparesContexts())
            #expect(try await receipt.value(timeout: .seconds(30)) == [true, true, true, true])
        }
    }

    @Test func eachOfHundredBodiesSeesItsOwn() async throws {
        try await withWorker([$seesItsOwn.self], concurrency: 100) { relier, _ in
            let receipts = try await relier.push(contentsOf: (0..<100).map { $seesItsOwn(number: $0) })
            for receipt in receipts {
                #expect(try await receipt.value(timeout: .seconds(60)) == [receipt.id, receipt.id, receipt.id])
            }
        }
    }

    @Test func outsideABodyTheErrorSaysSo() {
        let error = #expect(throws: OutsideOfBody.self) { try TaskContext.current }
        #expect(error?.description.contains("outside a running task body") == true)
    }

    @Test func bothShapesOfThePatternRun() async throws {
        try await withWorker([$processWithContext.self, $processItem.self]) { relier, _ in
            let injected = try await relier.push($processWithContext(itemID: "item-42"))
            #expect(try await injected.value(timeout: .seconds(30)) == "item-42 by attempt 1 of task \(injected.id)")
            let current = try await relier.push($processItem(itemID: "item-42"))
            #expect(try await current.value(timeout: .seconds(30)) == "item-42 by attempt 1 of task \(current.id)")
        }
    }
}
