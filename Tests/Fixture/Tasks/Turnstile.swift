import Foundation
import Relier

/// Two at once of each key: counts for itself how many of its key are inside, over all processes, and leaves a line for it.
struct Turnstile: RelierTask {
    static let name = "turnstile"
    static let maximum = 2
    static let options = TaskOptions(limits: [.concurrency(maximum, per: "key")])
    static let parameters = ["key", "number", "evidence"]
    var key: Int
    var number: Int
    var evidence: String

    func run(_ context: TaskContext) async throws -> NoOutput {
        let inside = try await Self.inside(key, of: evidence) { count in
            try Evidence.append("\(key) \(number) \(count)", to: evidence)
            try await Task.sleep(for: .milliseconds(Int.random(in: 0...4)))  // waits: so that bodies overlap
        }
        // More than there should be is noted also where nobody waits for the line above.
        if inside > Self.maximum { try Evidence.append("over \(key) \(number) \(inside)", to: evidence + ".over") }
        return NoOutput()
    }

    /// Runs `body` with a place of the key: a file for each that the kernel frees when the process dies, so that a killed body stands in nobody's way.
    /// The count is that of the places taken, this one included.
    private static func inside(_ key: Int, of evidence: String, _ body: (Int) async throws -> Void) async throws -> Int {
        var held: Int32 = -1
        var taken = 0
        for place in 0..<maximum + 8 {
            let descriptor = open("\(evidence).place-\(key)-\(place)", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { throw CocoaError(.fileWriteUnknown) }
            // Locks of open file descriptions, not of processes: two bodies of one process exclude each other, too.
            if held < 0, flock(descriptor, LOCK_EX | LOCK_NB) == 0 {
                held = descriptor
                taken = place + 1
            } else {
                close(descriptor)
            }
            if held >= 0 { break }
        }
        guard held >= 0 else { throw CocoaError(.fileWriteUnknown) }
        defer { close(held) }
        try await body(taken)
        return taken
    }
}
