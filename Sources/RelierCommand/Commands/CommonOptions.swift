import ArgumentParser
import Relier

/// What a command opens the engine for.
enum EngineUse: Sendable {
    /// Reads what is there. A database file is not written, and nobody who writes to it is waited for.
    case looking
    /// Changes what is there.
    case operating
    /// Makes the database where there is none.
    case creating
}

/// Which engine a command speaks to.
struct EngineOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Where tasks live (RELIER_URL).", valueName: "url"))
    var url: String?

    var override: SettingsSource.Override? { .init(SettingsTable.url, flag: "--url", text: url) }

    /// The settings, with a warning on standard error for each variable that is none.
    func settings(_ overrides: [SettingsSource.Override?] = [], warns: Bool = true) throws -> Settings {
        let settings = try Settings.load(overrides: ([override] + overrides).compactMap(\.self))
        if warns { settings.warnings.forEach(Console.warning) }
        return settings
    }

    /// Opens the engine, hands it over, closes it.
    func withEngine<Value>(for use: EngineUse, _ body: (any Engine, Settings) async throws -> Value) async throws -> Value {
        let settings = try settings()
        let engine = try settings.openEngine(for: use)
        let value: Value
        do {
            value = try await body(engine, settings)
        } catch {
            try? await engine.close()
            throw error
        }
        try await engine.close()
        return value
    }
}

struct OutputOptions: ParsableArguments {
    @Flag(help: "Print one JSON document instead of a table.")
    var json = false
}

/// Which page of a listing.
struct PageOptions: ParsableArguments {
    @Option(help: "How many at most, 1 to 1000.")
    var limit = 50

    @Option(help: ArgumentHelp("Go on after a page: its 'next'.", valueName: "next"))
    var after: String?

    func validate() throws {
        guard (1...1000).contains(limit) else { throw ValidationError("--limit is \(limit); allowed: 1 to 1000") }
    }

    /// How to get the next page, if there is one.
    static func hint(_ next: String?) -> String? {
        next.map { "more: the same command with --after \($0)" }
    }
}

/// A task's id as an argument.
struct TaskIDArgument: ParsableArguments {
    @Argument(help: "The task's id, as push and the listings print it.")
    var id: String

    func parsed() throws -> TaskID {
        guard let value = TaskID(id) else {
            throw CommandError.misuse("'\(id)' is no task id; allowed: a UUID such as 0198c5a2-7c1e-7f00-8000-1234567890ab")
        }
        return value
    }
}
