import ArgumentParser
import Foundation
import Relier

/// Sweeps for dead workers, without running tasks.
struct ResurrectorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resurrector", abstract: "Recover the tasks of dead workers, without running any.",
        discussion: "Every 'worker' does this too; a resurrector of its own helps where all workers of a machine may be gone at once.")

    @OptionGroup var engine: EngineOptions

    @Option(help: ArgumentHelp("The longest pause between sweeps (RELIER_RESURRECTION_CHECK_INTERVAL).", valueName: "seconds"))
    var interval: String?

    @Option(help: ArgumentHelp("trace, debug, info, notice, warning, error or critical (RELIER_LOG_LEVEL).", valueName: "level"))
    var logLevel: String?

    func run() async throws {
        // Before anything is said: what is warned of at the start waits for no reader either.
        Console.runLong()
        let settings = try engine.settings([
            .init(SettingsTable.checkInterval, flag: "--interval", text: interval),
            .init(SettingsTable.logLevel, flag: "--log-level", text: logLevel),
        ])
        let logger = settings.logger("relier.resurrector")
        // Whoever started this process starts it anew, on the file that is there now.
        let store = try await EngineStart.open(settings, for: .operating, logger: logger) { _ in Console.leave(status: 1) }
        Console.out("resurrector started: sweeps every \(DurationText.write(settings.resurrectionInterval)) at most, at \(store.location)")
        try await LongRunning.run(Resurrector(engine: store, settings: settings.resurrection, logger: logger), logger: logger)
        try await store.close()
        Console.out("stopped")
    }
}
