import ArgumentParser
import Foundation
import Relier
import RelierCommand

/// `cookbook serve`: takes items over HTTP, for `cookbook worker` to process.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Take items over HTTP and push a task for each, within the admission limit.",
        discussion: "The limit is RELIER_ADMISSION_LIMIT tasks in RELIER_ADMISSION_WINDOW seconds for all programs together.")

    @Option(help: "The port on the loopback interface; 0 takes a free one.")
    var port = 8081

    func validate() throws {
        if !(0...65_535).contains(port) { throw ValidationError("--port \(port): a port is a number from 0 to 65535") }
    }

    func run() async throws {
        let settings = try Settings.load()
        let engine = try settings.openEngine(create: true)
        let relier = Relier(engine, settings: settings.client(for: CookbookTasks.all))
        try await TaskService(relier: relier, port: port, logger: settings.logger("serve")).run { port in
            print("serve: http://127.0.0.1:\(port), try: curl -i -X POST http://127.0.0.1:\(port)/items/42")
            fflush(nil)
        }
        try await engine.close()
    }
}
