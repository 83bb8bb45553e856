import Foundation
import Relier

extension EngineConformance {
    static let crashReportChecks: [Check] = [
        Check("aLateCrashReportReachesEveryTask") { try await $0.aLateCrashReportReachesEveryTask() },
        Check("aCrashReportMayComeBeforeTheRelease") { try await $0.aCrashReportMayComeBeforeTheRelease() },
        Check("aCrashReportIsOfOneProcess") { try await $0.aCrashReportIsOfOneProcess() },
    ]

    private func report(of worker: PuppetWorker, _ death: Death = .signalled(4)) -> CrashReport {
        CrashReport(
            process: worker.info.process, death: death, standardError: "Fatal error: Index out of range\n\u{1b}[0m\u{FFFD}",
            backtrace: "Thread 1 crashed:\n0 0x0000 chargeCustomer(_:) in shop at Shop.swift:7")
    }

    /// Attached after the release, a report shows in the history of what waits, is dead, or has committed since.
    public func aLateCrashReportReachesEveryTask() async throws {
        try await scene { scene in
            let doomed = try await scene.join()
            let ids = try await scene.accept((0..<3).map { _ in scene.task() })
            _ = try await doomed.claim()
            try await scene.die(doomed, .signalled(4))
            let alone = try await scene.join(isolated: true)
            var ended: [TaskID] = []
            for ending in ["commit", "quarantine"] {
                let task = try scene.unwrap(try await alone.claimSuspect(), "a suspect")
                if ending == "commit" { try await alone.commit(task) } else { try await alone.quarantine(task) }
                ended.append(task.id)
            }
            let report = report(of: doomed)
            try await scene.engine.attachCrashReport(report)
            try await scene.other.attachCrashReport(report)
            for id in ids {
                let history = try await scene.details(of: id).history
                let state = try await scene.state(of: id)
                try scene.expect(history.first?.outcome, is: "worker-gone", "first record of the task that is \(state?.rawValue ?? "gone")")
                try scene.expect(history.first?.crash, is: report, "its crash report")
                for record in history.dropFirst() { try scene.expect(record.crash, is: nil, "crash report of a later attempt") }
            }
            try scene.expect(ended.count, is: 2, "tasks that had ended when the report came")
        }
    }

    /// The order of release and report does not matter.
    public func aCrashReportMayComeBeforeTheRelease() async throws {
        try await scene { scene in
            let doomed = try await scene.join()
            let task = try await scene.start(scene.task(), on: doomed)
            let report = report(of: doomed, .exited(status: 3))
            try await scene.engine.attachCrashReport(report)
            try await scene.die(doomed, .exited(status: 3))
            try scene.expect(try await scene.details(of: task.id).history.first?.crash, is: report, "crash report")
        }
    }

    /// Tasks of other processes do not show it.
    public func aCrashReportIsOfOneProcess() async throws {
        try await scene { scene in
            let doomed = try await scene.join()
            let other = try await scene.join()
            let mine = try await scene.start(scene.task(), on: doomed)
            let theirs = try await scene.start(scene.task(), on: other)
            try await scene.die(doomed, .signalled(4))
            try await scene.die(other, .signalled(6))
            try await scene.engine.attachCrashReport(report(of: doomed))
            try scene.expect(try await scene.details(of: mine.id).history.first?.crash != nil, "the task of that process shows the report")
            try scene.expect(try await scene.details(of: theirs.id).history.first?.crash, is: nil, "crash report of another process's task")
        }
    }
}
