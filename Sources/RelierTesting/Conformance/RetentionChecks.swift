import Foundation
import Relier

extension EngineConformance {
    static let retentionChecks: [Check] = [
        Check("aResultExpiresBeforeItsHistory") { try await $0.aResultExpiresBeforeItsHistory() },
        Check("aLongLivedResultKeepsItsRecord") { try await $0.aLongLivedResultKeepsItsRecord() },
        Check("deadLettersExpire") { try await $0.deadLettersExpire() },
        Check("crashReportsExpire") { try await $0.crashReportsExpire() },
        Check("theLivingDoNotExpire") { try await $0.theLivingDoNotExpire() },
    ]

    /// A result is gone after its own time to live, the record of the task after the retention of histories, both counted from the commit.
    public func aResultExpiresBeforeItsHistory() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let task = try await scene.start(scene.task(resultTTL: .minutes(10)), on: worker)
            try await scene.advance(.minutes(30))
            try await worker.commit(task, "5")
            try await scene.advance(.minutes(9))
            try await scene.tend()
            try scene.expect(
                try await scene.engine.status(of: [task.id])[task.id]?.result, is: Data("5".utf8), "result within its time to live")
            try await scene.advance(.minutes(2))
            try await scene.tend()
            let status = try await scene.engine.status(of: [task.id])[task.id]
            try scene.expect(status, is: TaskStatus(state: .committed), "status after the result's time to live")
            try scene.expect(try await scene.details(of: task.id).history.map(\.outcome), is: ["committed"], "history after that")
            try await scene.advance(scene.subject.retention.history)
            try scene.expect(try await scene.tend().expired >= 1, "tend counts what it dropped")
            try await scene.expectState(nil, of: task.id, "after the retention of histories")
            try scene.expect(try await scene.engine.inspect(task.id) == nil, "an expired task cannot be inspected")
        }
    }

    /// A result that lives longer than histories do keeps its record as long.
    public func aLongLivedResultKeepsItsRecord() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let ttl = scene.subject.retention.history * 3
            let task = try await scene.start(scene.task(resultTTL: ttl), on: worker)
            try await worker.commit(task, "5")
            try await scene.advance(ttl - .minutes(5))
            try await scene.tend()
            try scene.expect(
                try await scene.engine.status(of: [task.id])[task.id]?.result, is: Data("5".utf8), "result within its time to live")
            try await scene.advance(.minutes(10))
            try await scene.tend()
            try await scene.expectState(nil, of: task.id, "after its time to live")
        }
    }

    /// Dead letters are kept for their retention, counted from the quarantine, and are not kept for ever.
    public func deadLettersExpire() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let task = try await scene.start(scene.task(), on: worker)
            try await worker.save("1", of: task)
            try await scene.advance(.days(1))
            try await worker.quarantine(task)
            try await scene.advance(scene.subject.retention.deadLetters - .hours(1))
            try await scene.tend()
            try scene.expect(
                try await scene.engine.deadLetters(DeadLetterQuery()).items.count, is: 1, "dead letters before their retention is over")
            try await scene.advance(.hours(2))
            try await scene.tend()
            try scene.expect(try await scene.engine.deadLetters(DeadLetterQuery()).items.count, is: 0, "dead letters after that")
            try scene.expect(try await scene.engine.deadLetterReasons(), is: [:], "reasons after that")
            try await scene.expectState(nil, of: task.id, "after the retention of dead letters")
        }
    }

    /// A crash report is kept for its retention; the record of the lost attempt stays without it.
    public func crashReportsExpire() async throws {
        try await scene { scene in
            let doomed = try await scene.join()
            let task = try await scene.start(scene.task(), on: doomed)
            try await scene.die(doomed, .signalled(4))
            let report = CrashReport(process: doomed.info.process, death: .signalled(4), standardError: "boom", backtrace: nil)
            try await scene.engine.attachCrashReport(report)
            try await scene.advance(scene.subject.retention.crashReports - .hours(1))
            try await scene.tend()
            try scene.expect(try await scene.details(of: task.id).history.first?.crash, is: report, "report within its retention")
            try await scene.advance(.hours(2))
            try await scene.tend()
            let history = try await scene.details(of: task.id).history
            try scene.expect(history.first?.crash, is: nil, "report after its retention")
            try scene.expect(history.first?.outcome, is: "worker-gone", "the record itself")
        }
    }

    /// No retention touches a task that has not ended, its key, its checkpoint or its history.
    public func theLivingDoNotExpire() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let queued = try await scene.accept(scene.task(queue: "later", key: "queued"))
            var running = try await scene.start(scene.task(key: "running"), on: worker)
            try await worker.retry(running)
            try await scene.tend()
            running = try await worker.claim(running.id)
            try await worker.save("1", of: running)
            _ = try await worker.acquire("by hand", for: running)
            let scheduled = try await scene.accept(scene.task(due: .after(.days(3650))))
            try await scene.advance(.days(1000))
            try await scene.tend()
            try await scene.expectState(.queued, of: queued, "after 1,000 days")
            try await scene.expectState(.scheduled, of: scheduled, "after 1,000 days")
            try await scene.expectState(.running, of: running.id, "after 1,000 days")
            for key in ["queued", "running"] {
                try scene.expect(
                    try await scene.push(scene.task(key: key)) != .accepted, "the key '\(key)' is still taken after 1,000 days")
            }
            let details = try await scene.details(of: running.id)
            try scene.expect(details.checkpointBytes, is: 1, "bytes of the checkpoint after 1,000 days")
            try scene.expect(details.history.map(\.outcome), is: ["retry", "running"], "history after 1,000 days")
            let other = try await scene.start(scene.task(queue: "others"), on: worker)
            try scene.expect(
                try await worker.acquire("by hand", for: other), is: .held(by: running.id), "who holds the key after 1,000 days")
            try await worker.commit(running)
        }
    }
}
