import Foundation
import NIOCore
import RESP
import Relier

/// Who an incarnation was, and the report of its crash where there is one.
struct IncarnationLabel {
    let incarnation: Incarnation
    let worker: String
    let crash: CrashReport?

    static let missing = IncarnationLabel(incarnation: Incarnation(high: 0, low: 0), worker: "?", crash: nil)

    private init(incarnation: Incarnation, worker: String, crash: CrashReport?) {
        self.incarnation = incarnation
        self.worker = worker
        self.crash = crash
    }

    /// Incarnation 16 · process 16 · name.
    init?(_ value: RESPValue, crash: RESPValue) {
        guard var buffer = value.buffer, let incarnation = buffer.readID(Incarnation.self), buffer.readID(TaskID.self) != nil else {
            return nil
        }
        self.incarnation = incarnation
        worker = String(buffer: buffer)
        let report = crash.buffer?.data ?? Data()
        self.crash = report.isEmpty ? nil : try? JSONDecoder().decode(CrashReport.self, from: report)
    }
}

/// The ended attempts of a task, see `history.lua`.
enum History {
    private static let outcomes = [
        1: "committed", 2: "retry", 3: "quarantined", 4: "handed-back", 5: "snoozed", 6: "worker-gone", 7: "stray", 8: "cancelled",
    ]
    private static let recoveries = [1: "observed-death", 2: "lease-end"]

    static func read(_ value: ByteBuffer?, labels: [Int: IncarnationLabel]) -> [AttemptRecord] {
        guard var buffer = value else { return [] }
        var records: [AttemptRecord] = []
        while let holder = buffer.readInteger(as: UInt32.self), let fence = buffer.readInteger(as: Int64.self),
            let start = buffer.readInteger(as: Int64.self), let end = buffer.readInteger(as: Int64.self),
            let outcome = buffer.readInteger(as: UInt8.self), let recovery = buffer.readInteger(as: UInt8.self),
            let length = buffer.readInteger(as: UInt16.self), let detail = buffer.readText(Int(length))
        {
            let label = labels[Int(holder)] ?? .missing
            let name = outcomes[Int(outcome)] ?? "?"
            records.append(
                AttemptRecord(
                    incarnation: label.incarnation, worker: label.worker, fence: fence, start: EngineTime(microseconds: start),
                    end: EngineTime(microseconds: end), outcome: name, detail: detail.isEmpty ? nil : detail,
                    recoveredBy: recoveries[Int(recovery)], crash: name == "worker-gone" ? label.crash : nil))
        }
        return records
    }
}
