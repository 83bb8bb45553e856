import ArgumentParser
import Relier
import RelierSQLite

struct AddWithheldTimeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add-withheld-time",
        abstract: "Add the time that a SQLite database withheld when the machine started with a wall clock far ahead.",
        discussion: """
            When the wall clock went ahead by more than 30 days across a restart of the machine, that time is not added to the clock of delays, keys and \
            retentions, and 'doctor' says so. If it has really passed, stop every program that has the database open, and add it with this.
            """)

    @Flag(help: "Do it; without this nothing is changed.")
    var confirm = false

    @OptionGroup var engine: EngineOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let confirm = confirm
        let added = try await engine.withEngine(for: confirm ? .operating : .looking) { engine, _ in
            guard let engine = engine.underlying(SQLiteEngine.self) else {
                throw CommandError.misuse("\(engine.location) is no SQLite database; only those withhold time")
            }
            let withheld = try await engine.withheldTime()
            guard confirm || withheld == .zero else {
                throw CommandError.misuse(
                    "nothing was changed: this would end delays, keys, results and dead letters by \(Self.days(withheld)); add --confirm to do it"
                )
            }
            return confirm ? try await engine.addWithheldTime() : .zero
        }
        if output.json { return try JSONOutput.write(.object(["added_seconds": .number(added.inSeconds)])) }
        Console.out(added == .zero ? "no time was withheld" : "added \(Self.days(added))")
    }

    private static func days(_ duration: Duration) -> String { "\((duration.inSeconds / 86_400 * 10).rounded() / 10) days" }
}
