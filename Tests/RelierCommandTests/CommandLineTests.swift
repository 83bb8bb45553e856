import ArgumentParser
import Foundation
import Logging
import Relier
import Testing

@testable import RelierCommand

@Suite struct CommandLineTests {
    /// What a supervisor hands to a worker process gives the very settings that `worker` had.
    @Test func workerProcessesGetWhatTheWorkerResolved() throws {
        let arguments = [
            "--url", "sqlite:/srv/x y.db?durability=relaxed", "--concurrency", "3", "--queues", "high=3,default", "--name", "fast@%h-%p",
            "--grace",
            "1.5", "--lease", "700ms", "--log-level", "debug",
        ]
        let worker = try #require(
            try AppRoot<TestApp>.parseAsRoot(["worker"] + arguments + ["--processes", "4"]) as? WorkerCommand<TestApp>)
        let settings = try Settings.of([:], [worker.engine.override] + worker.options.overrides)
        let process = TaskID.next()
        let spawned = settings.supervisor().arguments(process, true)
        #expect(spawned.first == "worker-process")
        let command = try #require(try AppRoot<TestApp>.parseAsRoot(spawned) as? WorkerProcessCommand<TestApp>)
        #expect(command.isolated)
        #expect(command.process == process.description)
        #expect(command.ordersFd == 3)
        #expect(!spawned.contains { $0.contains("x y.db") }, "addresses may have passwords, and arguments are everybody's to read")
        let again = try Settings.of(
            ["RELIER_CONCURRENCY": "99", "RELIER_QUEUES": "other", "RELIER_URL": "sqlite:other.db"].merging(
                settings.supervisor().environment
            ) { $1 },
            [command.engine.override] + command.options.overrides)
        #expect(again.engineURL == settings.engineURL)
        #expect(again.durability == .relaxed)
        #expect(again.concurrency == 3)
        #expect(again.queues == settings.queues)
        #expect(again.workerName == "fast@%h-%p")
        #expect(again.gracePeriod == .milliseconds(1500))
        #expect(again.lease == .milliseconds(700))
        #expect(again.logLevel == .debug)
        #expect(!settings.supervisor().arguments(process, false).contains("--isolated"))
    }

    @Test func aProgramHasItsOwnCommandsBesideReliers() throws {
        #expect(try AppRoot<TestApp>.parseAsRoot(["hello"]) is TestApp.Hello)
        #expect(try AppRoot<TestApp>.parseAsRoot(["tasks", "list", "--state", "queued"]) is TasksListCommand)
        #expect(AppRoot<TestApp>.helpMessage().contains("worker"))
        #expect(!AppRoot<TestApp>.helpMessage().contains("worker-process"))
    }

    @Test func theOperatorsToolRunsNoTasks() throws {
        #expect(try OperatorRoot.parseAsRoot(["worker"]) is WorkerStatusCommand)
        #expect(throws: (any Error).self) { try OperatorRoot.parseAsRoot(["worker", "--concurrency", "4"]) }
        #expect(try AppRoot<TestApp>.parseAsRoot(["worker"]) is WorkerCommand<TestApp>)
        #expect(try AppRoot<TestApp>.parseAsRoot(["worker", "drain", "x"]) is WorkerDrainCommand)
        for arguments in [
            ["doctor"], ["dlq", "list"], ["queue", "list"], ["worker", "status"], ["resurrector"], ["push", "x"], ["schedules", "list"],
            ["queue", "pause", "a"], ["queue", "resume", "a"],
            ["admission", "status"], ["admin", "reset-admission", "--confirm"],
        ] {
            #expect(throws: Never.self) { try OperatorRoot.parseAsRoot(arguments) }
        }
    }

    @Test(arguments: [
        "tasks list --state lost", "tasks list --limit 0", "tasks inspect abc", "nonsense", "worker --concurrency x",
        "push sendInvoices {}",
        "push sendInvoice {}", "push sendInvoice {} --timeout 3", "dlq list --url postgres://localhost", "worker --queues re\u{1}queue",
        "push sendInvoice {} --delay soon", "queue pause", "queue resume a b",
        "push sendInvoice {} --delay soon", "schedules remove", "schedules list --state x",
    ])
    func misuseIsStatus2(line: String) async {
        #expect(await status(line) == 2)
    }

    @Test(arguments: [
        "tasks list --url sqlite:/nonexistent/relier.db", "doctor --url sqlite:/nonexistent/relier.db",
        "resurrector --url sqlite:/nonexistent/relier.db",
    ])
    func failureIsStatus1(line: String) async {
        #expect(await status(line) == 1)
    }

    @Test(arguments: ["--help", "push --help", "--generate-completion-script bash", "hello"])
    func doneIsStatus0(line: String) async {
        #expect(await status(line) == 0)
    }

    private func status(_ line: String) async -> Int32 {
        await CommandRunner.run(AppRoot<TestApp>.self, arguments: line.split(separator: " ").map(String.init))
    }

    @Test func anOperatorsCommandCreatesNoDatabase() throws {
        try withTemporaryDirectory { root in
            let path = root.appending(component: "relier.db").path
            let settings = try Settings.of(["RELIER_URL": "sqlite:\(path)"])
            let line = refusal(CommandError.self) { _ = try settings.openEngine(create: false) }
            #expect(line?.hasPrefix("no database at \(path); a worker or a push") == true)
            #expect(!FileManager.default.fileExists(atPath: path))
        }
    }
}

@Suite struct TypedArgumentsTests {
    @Test func goodArgumentsBecomeTheTask() throws {
        let task = try TypedArguments.decode(Invoice.self, from: Data(#"{"id": "INV-1", "amount": 5, "lines": [{"price": 1}]}"#.utf8))
        let invoice = try #require(task as? Invoice)
        #expect(invoice.id == "INV-1")
        #expect(invoice.lines?.first?.price == 1)
    }

    @Test(arguments: [
        (#"{"id": "a"}"#, "argument 'amount' of 'sendInvoice' is missing; 'sendInvoice' takes: id, amount, lines"),
        (#"{"id": "a", "amount": "5"}"#, "argument 'amount' of 'sendInvoice' is not a whole number"),
        (#"{"id": 1, "amount": 5}"#, "argument 'id' of 'sendInvoice' is not a string"),
        (#"{"id": null, "amount": 5}"#, "argument 'id' of 'sendInvoice' is null; a string is needed"),
        (
            #"{"id": "a", "amount": 5, "lines": [{"price": 1}, {"price": true}]}"#,
            "argument 'lines[1].price' of 'sendInvoice' is not a whole number"
        ),
        (#"{"id": "a", "amuont": 5}"#, "'sendInvoice' has no argument 'amuont'; did you mean 'amount'? It takes: id, amount, lines"),
        (#"["a"]"#, "the arguments of 'sendInvoice' are not a JSON object; write one such as"),
        (#"{"id": "#, "the arguments of 'sendInvoice' are not JSON"),
    ])
    func wrongArgumentsAreNamed(json: String, line: String) throws {
        let refused = try #require(refusal(CommandError.self) { _ = try TypedArguments.decode(Invoice.self, from: Data(json.utf8)) })
        #expect(refused.hasPrefix(line), "\(refused)")
    }

    @Test func anUnknownNameListsWhatIsKnown() {
        let near = refusal(CommandError.self) { _ = try TypedArguments.type(named: "sendInvoce", among: TestApp.tasks) }
        #expect(near == "no task is named 'sendInvoce'; did you mean 'sendInvoice'? This program has: sendInvoice")
        let far = refusal(CommandError.self) { _ = try TypedArguments.type(named: "zzz", among: TestApp.tasks) }
        #expect(far == "no task is named 'zzz'; This program has: sendInvoice")
    }
}
