import ArgumentParser
import Foundation
import Relier
import Testing

@testable import RelierCommand

struct Invoice: RelierTask {
    static let name = "sendInvoice"
    static let parameters = ["id", "amount", "lines"]
    static var options: TaskOptions { TaskOptions(queue: "billing", version: 2) }
    var id: String
    var amount: Int
    var lines: [Line]?

    struct Line: Codable, Sendable {
        var price: Int
    }

    func run(_ context: TaskContext) async throws -> String { id }
}

struct TestApp: RelierApp {
    static let tasks: [any RelierTask.Type] = [Invoice.self]
    static let commands: [any AsyncParsableCommand.Type] = [Hello.self]
    static let name: String? = "shop"

    struct Hello: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "hello")
        func run() async throws {}
    }
}

/// A directory that is removed afterwards.
func withTemporaryDirectory<Value>(_ body: (URL) throws -> Value) throws -> Value {
    let url = FileManager.default.temporaryDirectory.appending(component: "relier-command-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: url) }
    return try body(url)
}

extension Settings {
    /// Settings of this environment and nothing else.
    static func of(
        _ environment: [String: String] = [:], _ overrides: [SettingsSource.Override?] = [], file: String? = nil
    ) throws(SettingsError) -> Settings {
        let file = try file.map { text throws(SettingsError) in try DotEnv(path: "/srv/.env", text: text) }
        return try Settings(SettingsSource(overrides: overrides.compactMap(\.self), environment: environment, file: file))
    }
}

/// The line that a call fails with.
func refusal<Failure: Error & CustomStringConvertible>(_ type: Failure.Type = SettingsError.self, _ body: () throws -> Void) -> String? {
    do {
        try body()
        return nil
    } catch {
        return (error as? Failure)?.description ?? "another error: \(error)"
    }
}
