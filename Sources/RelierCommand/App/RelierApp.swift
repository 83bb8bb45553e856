public import ArgumentParser
import Foundation
public import Relier

/// A program with tasks: lists them once, and has worker and operator commands from it.
///
/// ```swift
/// @main struct Shop: RelierApp {
///     static let tasks: [any RelierTask.Type] = [$sendInvoice.self, $importUser.self]
/// }
/// ```
///
/// `shop worker` runs them, `shop push sendInvoice '{"id": "INV-1"}'` pushes one, `shop tasks list` shows where they are; `shop --help` lists the rest.
public protocol RelierApp {
    /// What its workers run, and what it pushes.
    static var tasks: [any RelierTask.Type] { get }
    /// Commands of its own, beside Relier's. Their names must not be those of Relier's.
    static var commands: [any AsyncParsableCommand.Type] { get }
    /// The program's name in help texts; `nil` takes the executable's.
    static var name: String? { get }
}

extension RelierApp {
    public static var commands: [any AsyncParsableCommand.Type] { [] }
    public static var name: String? { nil }

    /// Runs the command that the arguments name, and leaves the process: status 0 when it is done, 1 when it failed, 2 when it was misused.
    public static func main() async {
        Console.bufferLines()
        // Before anything waits for a thread of the cooperative pool: where there is none, nothing would ever run, and nobody would hear of it.
        if let command = CommandLine.arguments.dropFirst().first, ["worker", "worker-process"].contains(command) {
            do { try POSIXThread.probe(8) } catch {
                Console.error("\(error)")
                Console.finish()
                exit(1)
            }
        }
        let status = await CommandRunner.run(AppRoot<Self>.self, arguments: Array(CommandLine.arguments.dropFirst()))
        Console.finish()
        exit(status)
    }

    /// A client on the engine and with the settings that the program's own commands use: environment, `.env`, defaults.
    ///
    /// A database that is not there is made.
    /// - Parameter settings: loaded unless given.
    /// - Throws: ``SettingsError``; `EngineError` when the engine cannot be opened.
    public static func client(settings: Settings? = nil) async throws -> Relier {
        let settings = try settings ?? Settings.load()
        return Relier(try settings.openEngine(create: true), settings: settings.client(for: tasks))
    }
}
