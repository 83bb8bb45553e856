import Foundation
import GRDB
import Relier

/// What stands beside a task of its lost workers and its checkpoints.
struct LossRecord {
    var losses = Losses()
    /// The last attempt that saved a checkpoint.
    var fence: Int64 = 0
    /// What identifies the checkpoint that this attempt began with; empty for none.
    var began = Data()
    /// What identifies the checkpoint that stands; empty for none.
    var saved = Data()

    /// Whether the attempt under this fence has left a checkpoint that differs from the one it began with.
    func progressed(under fence: Fence) -> Bool { self.fence == fence.number && !saved.isEmpty && saved != began }
}

extension Store {
    func lossRecord(of task: RunningTask) throws -> LossRecord {
        var record = LossRecord()
        if task.flags & Flag.losses != 0 {
            let found = try db.row("SELECT alone, total, at, fence, began, saved FROM loss WHERE task = ?", .id(task.id)) { row in
                LossRecord(
                    losses: Losses(
                        alone: Int(ForeignRecord.clamped(row.int(0))), total: Int(ForeignRecord.clamped(row.int(1))),
                        last: row.isNull(2) ? nil : row.time(2)),
                    fence: row.int(3), began: row.blob(4), saved: row.blob(5))
            }
            if let found { record = found }
        }
        record.losses.inARow = Int(task.resurrections)
        return record
    }

    func keep(_ record: LossRecord, of task: RunningTask) throws {
        try db.run(
            "INSERT OR REPLACE INTO loss (task, alone, total, at, fence, began, saved) VALUES (?, ?, ?, ?, ?, ?, ?)", .id(task.id),
            .int(record.losses.alone), .int(record.losses.total), .int(orNull: record.losses.last?.microseconds), .int(record.fence),
            .blob(record.began), .blob(record.saved))
        if task.flags & Flag.losses == 0 { try setFlag(Flag.losses, of: task.seq) }
    }

    func noteSaved(_ checkpoint: Checkpoint?, of task: RunningTask) throws {
        var record = try lossRecord(of: task)
        if record.fence != task.fence.number {
            record.fence = task.fence.number
            record.began = record.saved
        }
        record.saved = checkpoint?.identity ?? Data()
        try keep(record, of: task)
    }

    /// An attempt has ended normally: what it lost in a row counts no more. The caller stores the count of resurrections.
    func startCountAnew(of task: RunningTask) throws {
        guard task.flags & Flag.losses != 0 else { return }
        try db.run("UPDATE loss SET alone = 0 WHERE task = ? AND alone <> 0", .id(task.id))
    }
}
