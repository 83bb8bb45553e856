import ArgumentParser
import Foundation
import Relier

/// Parses arguments, runs the command, and turns whatever it throws into one line on standard error and an exit status.
enum CommandRunner {
    static func run<Root: ParsableCommand>(_ root: Root.Type, arguments: [String]) async -> Int32 {
        do {
            var command = try root.parseAsRoot(arguments)
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            return 0
        } catch {
            return report(error, root)
        }
    }

    /// - Returns: the exit status: 0 for help and completions, 1 for a failure, 2 for misuse.
    static func report<Root: ParsableCommand>(_ error: any Error, _ root: Root.Type) -> Int32 {
        switch error {
        case let code as ExitCode:
            return code.rawValue
        case let error as CommandError:
            Console.error(error.description)
            return error.status
        case let error as SettingsError:
            Console.error(error.description)
            return 2
        case is EngineError, is RegistrationError, is PayloadTooLarge, is PushOutcomeUnknown:
            Console.error("\(error)")
            return 1
        default:
            let code = root.exitCode(for: error)
            if code == .success {
                Console.out(root.fullMessage(for: error))
                return 0
            }
            let isMisuse = code == .validationFailure
            Console.error(isMisuse ? root.message(for: error) : "\(error)")
            if isMisuse, let usage = usage(in: root.fullMessage(for: error)) { Console.note(usage) }
            return isMisuse ? 2 : 1
        }
    }

    /// The usage lines of a message, without the long help.
    private static func usage(in message: String) -> String? {
        let lines = message.split(separator: "\n", omittingEmptySubsequences: false)
        guard let start = lines.firstIndex(where: { $0.uppercased().hasPrefix("USAGE:") }) else { return nil }
        return lines[start...].prefix { !$0.isEmpty }.joined(separator: "\n")
    }
}
