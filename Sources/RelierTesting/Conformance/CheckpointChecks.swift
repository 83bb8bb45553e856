import Foundation
import Relier

extension EngineConformance {
    static let checkpointChecks: [Check] = [
        Check("aCheckpointGoesWithItsTask") { try await $0.aCheckpointGoesWithItsTask() },
        Check("theLastCheckpointCounts") { try await $0.theLastCheckpointCounts() },
        Check("aCheckpointIsGoneAfterTheCommit") { try await $0.aCheckpointIsGoneAfterTheCommit() },
    ]

    /// Through resurrection, retry, hand-back, dead letter queue and release, whether it is inline or names a file.
    public func aCheckpointGoesWithItsTask() async throws {
        try await scene { scene in
            let checkpoints: [Checkpoint] = [
                .inline(Data((0..<262_144).map { UInt8(truncatingIfNeeded: $0 &* 7) })), .file(name: "0190-abc.z", bytes: 50_000_000),
                .inline(Data()),
            ]
            for (index, checkpoint) in checkpoints.enumerated() {
                let id = try await scene.accept(scene.task(queue: "q"))
                for way in ["saved", "retried", "died", "handed back", "released"] {
                    let worker = try await scene.join()
                    let task = try await worker.claim(id, from: "q")
                    if way == "saved" {
                        try scene.expect(task.checkpoint, is: nil, "checkpoint of a new task")
                        try await scene.engine.saveCheckpoint(checkpoint, of: id, fence: task.fence)
                        try await scene.die(worker)
                        continue
                    }
                    try scene.expect(task.checkpoint == checkpoint, "checkpoint \(index) is as saved, before '\(way)'")
                    switch way {
                    case "died": try await scene.die(worker, .leaseEnded)
                    case "retried": try await worker.retry(task)
                    case "handed back": try await worker.end(task, .handBack)
                    default:
                        try await worker.quarantine(task)
                        try await scene.engine.releaseDeadLetter(id, fresh: true)
                    }
                    try await scene.tend()
                }
                let worker = try await scene.join()
                let task = try await worker.claim(id, from: "q")
                try scene.expect(task.checkpoint == checkpoint, "checkpoint \(index) is as saved, after the release")
                try await worker.commit(task)
            }
        }
    }

    /// Each save replaces the one before; saving none removes it.
    public func theLastCheckpointCounts() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            var task = try await scene.start(scene.task(), on: worker)
            for number in 1...20 { try await worker.save("\(number)", of: task) }
            try await worker.end(task, .handBack)
            task = try await worker.claim(task.id)
            try scene.expect(task.checkpoint, is: .inline(Data("20".utf8)), "checkpoint after twenty saves")
            try await worker.save(nil, of: task)
            try await worker.end(task, .handBack)
            task = try await worker.claim(task.id)
            try scene.expect(task.checkpoint, is: nil, "checkpoint after its removal")
        }
    }

    /// A commit removes the checkpoint in the same step.
    public func aCheckpointIsGoneAfterTheCommit() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let task = try await scene.start(scene.task(), on: worker)
            try await worker.save("123", of: task)
            try scene.expect(try await scene.details(of: task.id).checkpointBytes, is: 3, "bytes of the checkpoint while the task runs")
            try await worker.commit(task)
            try scene.expect(try await scene.details(of: task.id).checkpointBytes, is: nil, "bytes of the checkpoint after the commit")
        }
    }
}
