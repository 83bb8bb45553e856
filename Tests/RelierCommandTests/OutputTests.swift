import Foundation
import Relier
import Testing

@testable import RelierCommand

@Suite struct OutputTests {
    private let summary = TaskSummary(
        id: TaskID(high: 1, low: 2), name: "sendInvoice", version: 2, queue: "billing", state: .running, attempt: 1, resurrections: 3,
        enqueuedAt: EngineTime(microseconds: 1_700_000_000_000_042), worker: "w@h")

    @Test func timesAreISO8601WithMicroseconds() {
        #expect(EngineTime(microseconds: 1_700_000_000_000_042).iso8601 == "2023-11-14T22:13:20.000042Z")
        #expect(EngineTime(microseconds: 0).iso8601 == "1970-01-01T00:00:00.000000Z")
        // A record of foreign hands may hold any number.
        #expect(EngineTime(microseconds: .max).iso8601.hasSuffix("Z") && EngineTime(microseconds: .min).readable.hasSuffix("Z"))
        #expect(EngineTime(microseconds: .max) - EngineTime(microseconds: .min) > .zero)
        #expect(EngineTime(microseconds: -1).iso8601 == "1969-12-31T23:59:59.999999Z")
        #expect(EngineTime(microseconds: 1_700_000_000_000_042).readable == "2023-11-14 22:13:20Z")
    }

    @Test func aTaskListing() throws {
        let page = Page(items: [summary], next: "cursor")
        #expect(
            JSONOutput.text(of: page.json("tasks", \.json))
                == #"{"next":"cursor","tasks":[{"attempt":1,"enqueued_at":"2023-11-14T22:13:20.000042Z","id":"00000000-0000-0001-0000-000000000002","#
                + #""name":"sendInvoice","queue":"billing","resurrections":3,"state":"running","version":2,"waits_for":null,"worker":"w@h"}]}"#
        )
    }

    @Test func aTaskKeepsTheKeysOfItsPayload() throws {
        let process = TaskID(high: 3, low: 4)
        let attempt = AttemptRecord(
            incarnation: Incarnation(high: 5, low: 6), worker: "w@h", fence: 7, start: EngineTime(microseconds: 1_000_000),
            end: EngineTime(microseconds: 2_500_000), outcome: "worker-gone", detail: "signal 5", recoveredBy: "observed-death",
            crash: CrashReport(process: process, death: .signalled(5), standardError: "Fatal error", backtrace: nil))
        let details = TaskDetails(
            summary: summary, payload: .object(["amountCents": .integer(5)]), due: nil, key: nil, checkpointBytes: 12, result: nil,
            reason: nil, message: nil, history: [attempt], signedBy: "2026-11")
        let json = details.json
        #expect(json["payload"]?["amountCents"] == .integer(5))
        #expect(json["checkpoint_bytes"] == .integer(12))
        #expect(json["result"] == .null)
        #expect(json["signed_by"] == .string("2026-11"))
        guard case .array(let history)? = json["history"] else {
            Issue.record("history is no array")
            return
        }
        #expect(history.count == 1)
        #expect(history[0]["fence"] == .integer(7))
        #expect(history[0]["start"] == .string("1970-01-01T00:00:01.000000Z"))
        #expect(history[0]["end"] == .string("1970-01-01T00:00:02.500000Z"))
        #expect(history[0]["outcome"] == .string("worker-gone"))
        #expect(history[0]["recovered_by"] == .string("observed-death"))
        #expect(history[0]["crash"]?["death"] == .string("signal 5"))

        let text = try DetailsText.of(details)
        #expect(text.contains("sendInvoice (version 2)"))
        #expect(text.contains("signed by      2026-11"))
        #expect(text.contains("signal 5, observed-death"))
        #expect(text.contains("1500 ms"))
        #expect(text.contains("Fatal error"))
    }

    @Test func otherShapesHaveSnakeCaseKeysOfTheirOwn() throws {
        let worker = WorkerSummary(
            info: WorkerInfo(
                incarnation: .next(), process: .next(), name: "w", host: "h", pid: 1, queues: ["a"], concurrency: 2,
                kinds: [TaskKind(name: "x", version: 1, parameters: ["p"])], lease: .milliseconds(2500)),
            joinedAt: EngineTime(microseconds: 0), running: 1)
        #expect(worker.json["lease_seconds"] == .number(2.5))
        #expect(worker.json["joined_at"] == .string("1970-01-01T00:00:00.000000Z"))
        let letter = DeadLetterSummary(
            id: .next(), name: "x", queue: "a", reason: "TimeoutError", message: "m", attempts: 1, resurrections: 0,
            enqueuedAt: EngineTime(microseconds: 0), quarantinedAt: EngineTime(microseconds: 1))
        #expect(letter.json["quarantined_at"] == .string("1970-01-01T00:00:00.000001Z"))
        #expect(QueueSummary(queue: "a", queued: 3).json["oldest"] == .null)
        #expect(QueueSummary(queue: "a", queued: 3).json["paused"] == .bool(false))
        let paused = QueueSummary(queue: "a", running: 2, waiting: 5, limited: 4, pausedAt: EngineTime(microseconds: 1)).json
        #expect(paused["paused"] == .bool(true))
        #expect(paused["paused_at"] == .string("1970-01-01T00:00:00.000001Z"))
        #expect(paused["running"] == .integer(2))
        #expect(paused["waiting"] == .integer(5))
        #expect(paused["limited"] == .integer(4))
        #expect(HealthFinding("disk", .warning, "low").json["level"] == .string("warning"))
    }

    @Test func tablesAlignAndObeyNoControlCharacters() {
        var table = TextTable("NAME", "COUNT", rightAligned: [1])
        table.add("a\u{1b}[2J", "7")
        table.add("longer", nil)
        #expect(table.text == "NAME    COUNT\na\u{fffd}[2J       7\nlonger      -")
    }

    @Test func coloursAreNeitherEscapedNorPadded() {
        var table = TextTable("NAME", "STUCK", "LAST", rightAligned: [1])
        table.add(ColouredCell(text: "a\u{1b}", colour: "33"), ColouredCell(text: "12", colour: "31"), "x")
        table.add("longer", ColouredCell(text: "0", colour: nil), ColouredCell(text: "y", colour: "32"))
        #expect(table.text(isColoured: false) == "NAME    STUCK  LAST\na\u{fffd}         12  x\nlonger      0  y")
        #expect(
            table.text(isColoured: true)
                == "\u{1b}[1mNAME    STUCK  LAST\u{1b}[0m\n\u{1b}[33ma\u{fffd}\u{1b}[0m         \u{1b}[31m12\u{1b}[0m  x\n"
                + "longer      0  \u{1b}[32my\u{1b}[0m")
    }
}

@Suite struct DoctorTests {
    private func worker(_ queues: [Queue], _ kinds: [TaskKind], isolated: Bool = false) -> WorkerSummary {
        WorkerSummary(
            info: WorkerInfo(
                incarnation: .next(), process: .next(), name: "w", host: "h", pid: 1, queues: queues, concurrency: 1, kinds: kinds,
                lease: .seconds(5), isolated: isolated),
            joinedAt: EngineTime(microseconds: 0), running: 0)
    }

    private func task(_ name: String, _ version: Int = 1) -> TaskSummary {
        TaskSummary(
            id: .next(), name: name, version: version, queue: "default", state: .queued, attempt: 1, resurrections: 0,
            enqueuedAt: EngineTime(microseconds: 0), worker: nil)
    }

    @Test func nothingIsSaidOfWhatCanRun() {
        let findings = Waiting.findings(
            workers: [worker(["default"], [TaskKind(name: "a", version: 2)])], queues: [QueueSummary(queue: "default", queued: 2)],
            waiting: [task("a", 1), task("a", 2)])
        #expect(findings.map(\.level) == [.ok])
    }

    @Test func namesVersionsAndQueuesThatNobodyServesAreNamed() {
        let findings = Waiting.findings(
            workers: [worker(["default"], [TaskKind(name: "sendInvoice", version: 1)])],
            queues: [QueueSummary(queue: "default", queued: 3), QueueSummary(queue: "low", queued: 1, recovered: 1)],
            waiting: [task("sendInvoce"), task("sendInvoce"), task("sendInvoice", 2)])
        #expect(findings.map(\.level) == [.ok, .warning, .warning, .warning])
        #expect(findings[1].detail.hasPrefix("2 tasks wait in 'low', which no live worker serves"))
        #expect(
            findings[2].detail.hasPrefix("2 of 'sendInvoce' version 1 wait: no live worker knows that name (the nearest is 'sendInvoice')"))
        #expect(findings[3].detail.hasPrefix("1 of 'sendInvoice' version 2 wait: the live workers run versions up to 1"))
    }

    @Test func aPausedQueueIsNamed() {
        let findings = Waiting.findings(
            workers: [worker(["default"], [])],
            queues: [QueueSummary(queue: "default", queued: 2, recovered: 1, pausedAt: EngineTime(microseconds: 0))], waiting: [])
        #expect(findings.map(\.level) == [.ok, .warning])
        #expect(
            findings.last?.detail.hasPrefix("'default' is paused since 1970-01-01 00:00:00Z, 3 tasks wait in it; 'queue resume default'")
                == true)
    }

    @Test func withoutAWorkerWhatWaitsIsAWarning() {
        #expect(Waiting.findings(workers: [], queues: [], waiting: []).map(\.level) == [.ok])
        let findings = Waiting.findings(
            workers: [worker(["default"], [], isolated: true)], queues: [QueueSummary(queue: "default", queued: 1)], waiting: [task("a")])
        #expect(findings.map(\.level) == [.warning])
    }

    @Test func pushingWhatNobodyKnowsIsWarnedOf() {
        let known = KnownTasks([worker(["default"], [TaskKind(name: "sendInvoice", version: 1)])])
        #expect(known.warnings(name: "sendInvoice", version: nil, queue: "default").isEmpty)
        #expect(known.warnings(name: "sendInvoce", version: nil, queue: "default").first?.contains("did you mean 'sendInvoice'?") == true)
        #expect(known.warnings(name: "sendInvoice", version: 2, queue: "default").first?.contains("up to version 1") == true)
        #expect(known.warnings(name: "sendInvoice", version: 1, queue: "low").first?.contains("serves the queue 'low'") == true)
        #expect(KnownTasks([]).warnings(name: "x", version: nil, queue: "default").first?.contains("no worker is alive") == true)
    }
}
