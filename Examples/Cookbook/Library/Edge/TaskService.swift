import Foundation
import Hummingbird
import Logging
import NIOCore
import Relier
import RelierHummingbird

/// Pattern 8, admission at the edge: a web server that takes work, and says when to come back once it has taken as much as the admission limit allows.
///
/// - `POST /items/{itemID}` pushes `processItem` and answers 202 with its id; 429 with `Retry-After` beyond the limit, 503 when the engine does not answer.
/// - `GET /health/live`, `GET /health/ready`.
struct TaskService: Sendable {
    let relier: Relier
    /// The port to listen on; 0 takes a free one.
    var port = 0
    var logger = Logger(label: "serve") { _ in SwiftLogNoOpLogHandler() }

    // quote: router
    func router() -> Router<BasicRequestContext> {
        let router = Router()
        router.add(middleware: RelierErrorMiddleware())
        router.addHealthRoutes(engine: relier.engine)
        router.post("items/:itemID") { _, context in
            let receipt = try await relier.push($processItem(itemID: context.parameters.require("itemID")))
            return EditedResponse(status: .accepted, response: Accepted(id: receipt.id))
        }
        return router
    }
    // end quote

    /// What a client gets for work that was accepted.
    struct Accepted: ResponseCodable, Sendable {
        var id: TaskID
    }

    /// Serves until the calling task is cancelled or the program is told to shut down.
    /// - Parameter onRunning: called once with the port it listens on.
    func run(onRunning: @escaping @Sendable (Int) async -> Void) async throws {
        let application = Application(
            router: router(),
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: port), serverName: "cookbook"),
            onServerRunning: { channel in await onRunning(channel.localAddress?.port ?? 0) },
            logger: logger)
        try await application.run()
    }
}
