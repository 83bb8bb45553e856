import Foundation
import Relier

/// Closes every descriptor of its process the first time, as code does that prepares for a fork without knowing whose they are.
struct Closer: RelierTask {
    static let name = "closer"
    var evidence: String
    /// Whether the body goes on after it, until its process leaves.
    var stays = false

    func run(_ context: TaskContext) async throws -> Bool {
        let isFirst = !FileManager.default.fileExists(atPath: evidence)
        try Evidence.append("closes \(ProcessInfo.processInfo.processIdentifier)", to: evidence)
        guard isFirst else { return true }
        for descriptor in Int32(3)..<1024 { close(descriptor) }
        while stays { try? await Task.sleep(for: .milliseconds(50)) }
        return false
    }
}

/// Writes many lines to standard error.
struct Chatter: RelierTask {
    static let name = "chatter"
    var lines: Int
    var evidence: String

    func run(_ context: TaskContext) async throws -> NoOutput {
        for number in 0..<lines {
            let line = Array("chatter \(number) \(String(repeating: "x", count: 200))\n".utf8)
            guard write(2, line, line.count) == line.count else { throw CocoaError(.fileWriteUnknown) }
        }
        try Evidence.append("said", to: evidence)
        return NoOutput()
    }
}

/// Asks its engine for a checkpoint, a child and a key, round after round, until a file is there.
struct Asker: RelierTask {
    static let name = "asker"
    var number: Int
    var evidence: String
    var gate: String

    func run(_ context: TaskContext) async throws -> Int {
        try Evidence.append("start \(number)", to: evidence)
        var round = 0
        repeat {
            round += 1
            try await context.setPartial([number, round])
            try await context.push(Note(text: "\(number) \(round)", evidence: evidence + ".children"))
            let value = try await withIdempotencyLock(key: "asker-\(number)-\(round)", ttl: .hours(1)) { round }
            guard value == round else { throw CocoaError(.coderInvalidValue) }
            try Evidence.append("round \(number) \(round)", to: evidence + ".rounds")
            try await Task.sleep(for: .milliseconds(20))  // waits: between two rounds
        } while !FileManager.default.fileExists(atPath: gate)
        return round
    }
}
