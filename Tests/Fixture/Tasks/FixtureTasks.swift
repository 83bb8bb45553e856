import Foundation
public import Relier

/// Tasks whose bodies leave evidence in a file and misbehave on order: the fault tests run them in real worker processes.
public enum FixtureTasks {
    public static let all: [any RelierTask.Type] = [
        Note.self, Hold.self, Trap.self, Spawner.self, Parent.self, Child.self, Stubborn.self, Sleeper.self, Spin.self, Nap.self,
        Hooked.self, Orphaner.self, Aged.self, Pulse.self, Deposit.self, Hoarder.self,
        Turnstile.self, Locker.self, Clinger.self, Closer.self, Chatter.self, Asker.self, Leaver.self, Stepper.self, Hog.self,
    ]
}

/// Appends one line to a file in one write, so that lines of many processes never mix.
enum Evidence {
    static func append(_ line: String, to path: String) throws {
        let descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw CocoaError(.fileWriteUnknown) }
        defer { close(descriptor) }
        let bytes = Array((line + "\n").utf8)
        guard write(descriptor, bytes, bytes.count) == bytes.count else { throw CocoaError(.fileWriteUnknown) }
    }

    /// Suspends until a file exists.
    static func file(_ path: String) async throws {
        while !FileManager.default.fileExists(atPath: path) { try await Task.sleep(for: .milliseconds(5)) }
    }
}

/// Notes that it ran.
struct Note: RelierTask {
    static let name = "note"
    var text: String
    var evidence: String

    func run(_ context: TaskContext) async throws -> String {
        try Evidence.append(text, to: evidence)
        return text
    }
}

/// Notes that it started, waits for a file, notes that it ended, and says which process did it.
struct Hold: RelierTask {
    static let name = "hold"
    var text: String
    var evidence: String
    var gate: String

    func run(_ context: TaskContext) async throws -> Int32 {
        let pid = ProcessInfo.processInfo.processIdentifier
        try Evidence.append("start \(text) \(pid)", to: evidence)
        try await Evidence.file(gate)
        try Evidence.append("end \(text) \(pid)", to: evidence)
        return pid
    }
}

/// Traps each time it runs, once all the others are there to suffer from it.
struct Trap: RelierTask {
    static let name = "trap"
    var evidence: String
    var gate: String

    func run(_ context: TaskContext) async throws -> NoOutput {
        try Evidence.append("start trap \(ProcessInfo.processInfo.processIdentifier)", to: evidence)
        try await Evidence.file(gate)
        // The trap is what this task is for.
        fatalError("the culprit traps")
    }
}

/// Starts a subprocess that outlives the worker and holds on to whatever it inherits, then waits.
struct Spawner: RelierTask {
    static let name = "spawner"
    var evidence: String
    var gate: String

    func run(_ context: TaskContext) async throws -> NoOutput {
        if context.resurrections == 0 {
            let child = Process()
            child.executableURL = URL(fileURLWithPath: "/bin/sleep")
            child.arguments = ["60"]
            try child.run()
            try Evidence.append("child \(child.processIdentifier)", to: evidence)
        }
        try Evidence.append("start spawner \(ProcessInfo.processInfo.processIdentifier)", to: evidence)
        try await Evidence.file(gate)
        return NoOutput()
    }
}

/// Pushes many children in batches, in an order that differs at each run, from its checkpoint on; waits half-way the first time.
struct Parent: RelierTask {
    static let name = "parent"
    var count: Int
    var evidence: String
    var gate: String

    func run(_ context: TaskContext) async throws -> NoOutput {
        let pushed = try context.partial(as: Int.self) ?? 0
        // One batch back: what was pushed after the checkpoint comes again, in another order.
        let rest = (max(0, pushed - 100)..<count).shuffled()
        var done = pushed
        for start in stride(from: 0, to: rest.count, by: 100) {
            let numbers = rest[start..<min(rest.count, start + 100)]
            try await context.push(contentsOf: numbers.map { Child(number: $0, evidence: evidence) })
            done = start + 100
            if context.resurrections == 0 && done >= count / 2 {
                try Evidence.append("half \(ProcessInfo.processInfo.processIdentifier)", to: evidence + ".parent")
                try await Evidence.file(gate)
            }
        }
        try await context.setPartial(done)
        return NoOutput()
    }
}

struct Child: RelierTask {
    static let name = "child"
    var number: Int
    var evidence: String

    func run(_ context: TaskContext) async throws -> NoOutput {
        try Evidence.append("\(number)", to: evidence)
        return NoOutput()
    }
}

/// Ignores its cancellation until a file is there.
struct Stubborn: RelierTask {
    static let name = "stubborn"
    static var options: TaskOptions { TaskOptions(idempotent: .automatic(ttl: .hours(1)), hardTimeout: .milliseconds(300)) }
    var evidence: String
    var gate: String

    func run(_ context: TaskContext) async throws -> NoOutput {
        try Evidence.append("start stubborn \(context.idempotencyKey)", to: evidence)
        while !FileManager.default.fileExists(atPath: gate) {
            await withCheckedContinuation { continuation in
                DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(5)) { continuation.resume() }
            }
        }
        try Evidence.append("end stubborn", to: evidence)
        return NoOutput()
    }
}

/// Blocks its thread.
struct Sleeper: BlockingRelierTask {
    static let name = "sleeper"
    var gate: String

    func run(_ context: TaskContext) throws -> Bool {
        while !FileManager.default.fileExists(atPath: gate) { usleep(5000) }
        // The context is current on the thread of a synchronous body, too.
        return try TaskContext.current === context
    }
}

/// Never suspends and never returns of its own; a file ends it, so that a test leaves nothing behind.
struct Spin: RelierTask {
    static let name = "spin"
    static var options: TaskOptions { TaskOptions(hardTimeout: .milliseconds(500)) }
    var number: Int
    var evidence: String
    var gate: String

    func run(_ context: TaskContext) async throws -> NoOutput {
        try Evidence.append("spin \(number) \(ProcessInfo.processInfo.processIdentifier)", to: evidence)
        while access(gate, F_OK) != 0 {}
        return NoOutput()
    }
}

/// Takes half a second.
struct Nap: RelierTask {
    static let name = "nap"
    var number: Int
    var evidence: String
    var milliseconds = 500

    func run(_ context: TaskContext) async throws -> Int {
        try await Task.sleep(for: .milliseconds(milliseconds))  // waits: it is what a nap is
        try Evidence.append("\(number)", to: evidence)
        return number
    }
}

/// Keeps its progress in memory; its hook saves it. Says what it started from.
struct Hooked: RelierTask {
    static let name = "hooked"
    static var options: TaskOptions {
        TaskOptions(softTimeout: .hours(1)) { context in
            if let seen = context.metadata[Int.self] { try await context.setPartial(seen) }
        }
    }
    var number: Int
    var evidence: String
    var gate: String

    func run(_ context: TaskContext) async throws -> Int? {
        let saved = try context.partial(as: Int.self)
        context.metadata[Int.self] = number
        try Evidence.append("start \(number) \(ProcessInfo.processInfo.processIdentifier)", to: evidence)
        try await Evidence.file(gate)
        return saved
    }
}

/// Leaves processes behind that outlive their parent and end soon after.
struct Orphaner: RelierTask {
    static let name = "orphaner"
    var count: Int

    func run(_ context: TaskContext) async throws -> NoOutput {
        for _ in 0..<count {
            let shell = Process()
            shell.executableURL = URL(fileURLWithPath: "/bin/sh")
            shell.arguments = ["-c", "sleep 0.2 >/dev/null 2>&1 & exit 0"]
            try shell.run()
            shell.waitUntilExit()
        }
        return NoOutput()
    }
}

/// Counted whole units once, and counts cents.
struct Aged: RelierTask {
    static let name = "aged"
    struct Impossible: Error {}
    static let steps = [
        Migration(from: 1) { json in
            guard case .number(let number)? = json["amount"], let amount = number.int64, amount >= 0 else { throw Impossible() }
            json = ["cents": .integer(amount * 100)]
        }
    ]
    static var options: TaskOptions { TaskOptions(version: 2, migrations: steps) }
    var cents: Int

    func run(_ context: TaskContext) async throws -> Int { cents }
}

/// Notes each second that it ran, in processes that are told where.
struct Pulse: RelierTask {
    static let name = "pulse"
    /// The variable that names the file; without it nobody schedules the task.
    static let variable = "FIXTURE_PULSE"
    static var options: TaskOptions { TaskOptions(schedule: evidence == nil ? nil : .every(.seconds(1))) }
    private static var evidence: String? { ProcessInfo.processInfo.environment[variable] }

    func run(_ context: TaskContext) async throws -> NoOutput {
        if let evidence = Self.evidence { try Evidence.append("\(context.id)", to: evidence) }
        return NoOutput()
    }
}
