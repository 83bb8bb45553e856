import ArgumentParser
import Foundation
import Relier

/// What both kinds of `push` take.
struct PushOptions: ParsableArguments {
    @Argument(help: "The task's name.")
    var name: String

    @Argument(help: "Its arguments as a JSON object; '-' reads standard input.")
    var json = "{}"

    @Option(help: ArgumentHelp("The least time before it starts, such as 90 or 5m.", valueName: "seconds"))
    var delay: String?

    @Flag(help: "Wait for its end and print its result; exit status 1 if it does not commit.")
    var wait = false

    @Option(help: ArgumentHelp("With --wait: how long at most, such as 30 or 5m.", valueName: "seconds"))
    var timeout: String?

    @OptionGroup var engine: EngineOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if timeout != nil && !wait { throw ValidationError("--timeout needs --wait") }
    }

    /// The arguments' bytes.
    func arguments() throws -> Data {
        if json != "-" { return Data(json.utf8) }
        return try FileHandle.standardInput.readToEnd() ?? Data()
    }

    func delayed() throws -> Duration? { try Self.duration(delay, "--delay") }

    private static func duration(_ text: String?, _ flag: String) throws -> Duration? {
        guard let text else { return nil }
        guard let duration = DurationText.parse(text) else {
            throw CommandError.misuse("\(flag) is '\(text)'; allowed: seconds, or a number with ms, s, m, h or d, such as 90 or 5m")
        }
        return duration
    }

    static func queue(_ text: String?) throws -> Queue? {
        guard let text else { return nil }
        let queue = Queue(text)
        if let objection = queue.objection { throw CommandError.misuse("--queue: \(objection)") }
        return queue
    }

    /// Prints the id at once for people, or the whole document at the end with `--json`.
    /// - Parameter push: accepts the task and answers its id and whether it was there before.
    func run(_ engine: any Engine, push: () async throws -> (id: TaskID, isDuplicate: Bool)) async throws {
        let limit = try Self.duration(timeout, "--timeout")
        let (id, isDuplicate) = try await push()
        if !output.json {
            Console.out(id.description)
            if isDuplicate { Console.note("an equal operation was there before; this is its task") }
        }
        var document: [String: JSONValue] = ["id": .of(id), "duplicate": .bool(isDuplicate)]
        guard wait else {
            if output.json { try JSONOutput.write(.object(document)) }
            return
        }
        let status = try await Self.end(of: id, engine, within: limit)
        let result = try status?.result.map { try CanonicalJSON.decode(JSONValue.self, from: $0) }
        if output.json {
            document["state"] = .of(status?.state.rawValue)
            document["result"] = result ?? .null
            document["reason"] = .of(status?.reason)
            document["message"] = .of(status?.message)
            try JSONOutput.write(.object(document))
        }
        guard let status else { throw CommandError("task \(id) is not known any more at \(engine.location)") }
        switch status.state {
        case .committed:
            if output.json { return }
            Console.out(result.map { JSONOutput.text(of: $0) } ?? "committed; its result is no longer kept")
        case .quarantined:
            throw CommandError(
                "task \(id) was quarantined: \(status.reason ?? "unknown")\(status.message.map { ": \($0)" } ?? ""); 'dlq inspect \(id)' tells more"
            )
        case .cancelled:
            throw CommandError("task \(id) was cancelled")
        default:
            throw CommandError("task \(id) has not ended yet, it is \(status.state); it goes on: 'tasks inspect \(id)'")
        }
    }

    /// The task's status when it has ended, or when the time is up; `nil` when it is not known.
    private static func end(of id: TaskID, _ engine: any Engine, within limit: Duration?) async throws -> TaskStatus? {
        let clock = ContinuousClock()
        let deadline = limit.map { clock.now + $0 }
        while true {
            let left = deadline.map { max(.zero, clock.now.duration(to: $0)) } ?? .seconds(60)
            guard let status = try await engine.awaitEnd(of: [id], timeout: left)[id] else { return nil }
            if status.state.isEnd { return status }
            if let deadline, clock.now >= deadline { return status }
        }
    }
}
