import Foundation
public import Relier

/// Ends its process by itself, as a C library might, once all the others are there to suffer from it.
struct Leaver: RelierTask {
    static let name = "leaver"
    var status: Int32
    var evidence: String
    var gate: String

    func run(_ context: TaskContext) async throws -> NoOutput {
        try Evidence.append("start leaver \(getpid())", to: evidence)
        try await Evidence.file(gate)
        exit(status)
    }
}

/// Saves a checkpoint after each step, says so, and waits for a file behind the last.
struct Stepper: RelierTask {
    static let name = "stepper"
    var steps: Int
    var evidence: String

    func run(_ context: TaskContext) async throws -> Int {
        var done = try context.partial(as: Int.self) ?? 0
        while done < steps {
            done += 1
            try await context.setPartial(done)
            try Evidence.append("step \(done) \(getpid())", to: evidence)
            // The test kills the process here.
            try await Evidence.file("\(evidence).\(done)")
        }
        return done
    }
}

/// What takes its whole container down; the test does the killing when it sees the line.
struct Hog: RelierTask {
    static let name = "hog"
    var evidence: String

    func run(_ context: TaskContext) async throws -> NoOutput {
        try Evidence.append("hog \(getpid())", to: evidence)
        try await Evidence.file("\(evidence).never")
        return NoOutput()
    }
}
