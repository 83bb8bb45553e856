import Relier
import RelierTesting
import Testing

@Suite("A body called as a plain function")
struct PlainCallTests {
    @Test("with a context made for the test")
    func plain() async throws {
        let invoice = try await sendInvoice(id: "INV-1", context: .testing())
        #expect(invoice == Invoice(id: "INV-1", amountCents: 500))
        await #expect(throws: PaymentError.self) { try await sendInvoice(id: "", context: .testing()) }
    }

    @Test("sees what the test says of its attempt")
    func facts() async throws {
        let id = TaskID.next()
        let context = TaskContext.testing(id: id, name: "sendInvoice", queue: "mail", attempt: 3, resurrections: 2, idempotencyKey: "op-1")
        #expect(context.id == id)
        #expect(context.name == "sendInvoice")
        #expect(context.queue == "mail")
        #expect(context.attempt == 3)
        #expect(context.resurrections == 2)
        #expect(context.idempotencyKey == "op-1")
        #expect(TaskContext.testing(id: id).idempotencyKey == id.description)
    }

    @Test("reads its own arguments")
    func arguments() throws {
        let context = try TaskContext.testing(of: SendInvoice(id: "INV-1"))
        #expect(try context.arguments(as: SendInvoice.self).id == "INV-1")
        #expect(context.name == "sendInvoice")
        #expect(context.queue == "mail")
    }

    @Test("starts from the progress it is given and records what it saves")
    func partials() async throws {
        let context = TaskContext.testing(partial: Cursor(line: 7))
        #expect(try await importLines(10, context: context) == 3)
        #expect(try context.testing.savedPartials(as: Cursor.self) == [Cursor(line: 8), Cursor(line: 9), Cursor(line: 10)])
        #expect(try context.testing.savedPartial(as: Cursor.self) == Cursor(line: 10))
        #expect(try context.partial(as: Cursor.self) == Cursor(line: 10))
        #expect(try TaskContext.testing().testing.savedPartial(as: Cursor.self) == nil)
    }

    @Test("is refused a checkpoint that is too large, as in production")
    func largePartial() async throws {
        let context = TaskContext.testing(maxPartialBytes: 10)
        await #expect(throws: CheckpointTooLargeError.self) { try await context.setPartial("more than ten bytes") }
        #expect(try context.testing.savedPartial(as: String.self) == nil)
    }

    @Test("records the children it pushes, each once")
    func children() async throws {
        let context = TaskContext.testing()
        _ = try await ImportAllUsers(count: 3).run(context)
        _ = try await ImportAllUsers(count: 4).run(context)
        #expect(try context.testing.pushed(of: ImportUser.self).map(\.userID) == [0, 1, 2, 3])
        #expect(context.testing.pushedNames == Array(repeating: "importUser", count: 4))
        #expect(try context.testing.pushed(of: SendInvoice.self).isEmpty)
        let again = try await context.push(ImportUser(userID: 0))
        #expect(again.isDuplicate)
        let apart = try await context.push(ImportUser(userID: 0), discriminator: "second")
        #expect(!apart.isDuplicate)
        await #expect(throws: EngineError.self) { try await again.value(timeout: .zero) }
    }

    @Test("has keys that contexts may share")
    func keys() async throws {
        let keys = TestKeys()
        for payload in ["a", "b", "c"] {
            let answer = try await TaskContext.testing(keys: keys).asCurrent { try await processWebhook(eventID: "e1", payload: payload) }
            #expect(answer == "handled a")
        }
        #expect(keys.isCompleted("webhook:e1"))
        keys.forget("webhook:e1")
        let again = try await TaskContext.testing(keys: keys).asCurrent { try await processWebhook(eventID: "e1", payload: "d") }
        #expect(again == "handled d")
        try keys.complete("webhook:e2", with: "from elsewhere")
        let known = try await TaskContext.testing(keys: keys).asCurrent { try await processWebhook(eventID: "e2", payload: "x") }
        #expect(known == "from elsewhere")
        keys.hold("webhook:e3")
        await #expect(throws: (any Error).self) {
            try await TaskContext.testing(keys: keys).asCurrent { try await processWebhook(eventID: "e3", payload: "x") }
        }
    }

    @Test("finds its context where a helper asks for it")
    func current() async throws {
        let context = TaskContext.testing()
        let found = try await context.asCurrent { try await Task { try TaskContext.current }.value }
        #expect(found === context)
        #expect(throws: OutsideOfBody.self) { try TaskContext.current }
        await #expect(throws: OutsideOfBody.self) { try await processWebhook(eventID: "e1", payload: "x") }
    }
}
