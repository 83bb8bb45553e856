import ArgumentParser
import Relier

struct AdminCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "admin", abstract: "Interventions for emergencies.",
        subcommands: [ResetAdmissionCommand.self, AddWithheldTimeCommand.self])
}

struct ResetAdmissionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reset-admission", abstract: "End the open admission window, so that as many tasks again may come in at once.")

    @Flag(help: "Do it; without this nothing is changed.")
    var confirm = false

    @OptionGroup var engine: EngineOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let ended = try await engine.withEngine(for: confirm ? .operating : .looking) { engine, _ in
            let window = try await engine.admission().window
            guard confirm else {
                throw CommandError.misuse("nothing was changed: this would \(Self.consequence(window)); add --confirm to do it")
            }
            try await engine.resetAdmission()
            return window
        }
        if output.json {
            return try JSONOutput.write(
                .object(["reset": .bool(ended != nil), "count": .of(ended?.admitted), "limit": .of(ended?.limit)]))
        }
        Console.out(ended.map { "ended a window with \($0.admitted) of \($0.limit) tasks" } ?? "no window was open")
    }

    static func consequence(_ window: AdmissionStatus.Window?) -> String {
        guard let window else { return "do nothing, since no window is open" }
        let left = (window.left.inSeconds * 10).rounded(.up) / 10
        return
            "end a window with \(window.admitted) of \(window.limit) tasks and \(left) s left, so that \(window.limit) more may come in at once"
    }
}
