import RESP

struct Failure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Polls a condition until it holds.
func eventually(_ what: String, within limit: Duration = .seconds(20), _ condition: () async throws -> Bool) async throws {
    let end = ContinuousClock.now + limit
    while try await !condition() {
        if ContinuousClock.now > end { throw Failure("not within \(limit): \(what)") }
        try await Task.sleep(for: .milliseconds(5))
    }
}

/// The error that a body throws.
func respError(_ body: () async throws(RESPError) -> Void) async -> RESPError? {
    do throws(RESPError) {
        try await body()
        return nil
    } catch {
        return error
    }
}

extension RESPClientOptions {
    /// Only what a test says is short: on a busy machine everything takes its time.
    static func patient(
        connect: Duration = .seconds(30), command: Duration = .seconds(60), silence: Duration = .seconds(60)
    ) -> RESPClientOptions {
        var options = RESPClientOptions()
        options.connectTimeout = connect
        options.commandTimeout = command
        options.silenceTimeout = silence
        return options
    }
}
