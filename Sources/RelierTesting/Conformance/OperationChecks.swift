import Foundation
import Relier

extension EngineConformance {
    static let operationChecks: [Check] = [
        Check("anOperationKeepsItsNameUntilItCommits") { try await $0.anOperationKeepsItsNameUntilItCommits() },
        Check("anOperationIsRenewedAfterItsTimeToLive") { try await $0.anOperationIsRenewedAfterItsTimeToLive() },
        Check("differentKeysAreDifferentOperations") { try await $0.differentKeysAreDifferentOperations() },
    ]

    /// The operation's name towards outside services stays over retries, resurrections, quarantine, release, and a new push after a failure.
    public func anOperationKeepsItsNameUntilItCommits() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            var task = try await scene.start(scene.task(key: "k"), on: worker)
            let operation = try scene.unwrap(task.operation, "operation of a task with a key")
            try scene.expect(!operation.isEmpty, "an operation has a name")
            try await worker.retry(task)
            try await scene.tend()
            let doomed = try await scene.join()
            task = try await doomed.claim(task.id)
            try scene.expect(task.operation, is: operation, "operation after a retry")
            try await scene.die(doomed)
            task = try await worker.claim(task.id)
            try scene.expect(task.operation, is: operation, "operation after a resurrection")
            try await worker.quarantine(task, "TimeoutError", keyHeld: true)
            try await scene.engine.bodyReturned(task.id, fence: task.fence)
            try await scene.engine.releaseDeadLetter(task.id, fresh: false)
            task = try await worker.claim(task.id)
            try scene.expect(task.operation, is: operation, "operation after quarantine and release")
            try await worker.quarantine(task)
            try await scene.advance(.days(2))
            try await scene.tend()
            task = try await scene.start(scene.task(key: "k"), on: worker)
            try scene.expect(task.operation, is: operation, "operation of a new push after a failure")
            try await worker.commit(task)
        }
    }

    /// Once the result has expired, the next push with the key is another operation.
    public func anOperationIsRenewedAfterItsTimeToLive() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            var names: Set<String> = []
            for round in 1...3 {
                let task = try await scene.start(scene.task(key: "k"), on: worker)
                names.insert(try scene.unwrap(task.operation, "operation of a task with a key"))
                try scene.expect(names.count, is: round, "operations of \(round) commits with one key")
                try await worker.commit(task)
                try await scene.advance(.minutes(61))
                if round == 2 { try await scene.tend() }
            }
        }
    }

    /// Two keys are two operations.
    public func differentKeysAreDifferentOperations() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            try await scene.accept((0..<20).map { scene.task(key: "k\($0)") })
            let names = try await worker.claim().compactMap(\.operation)
            try scene.expect(Set(names).count, is: 20, "operations of 20 keys")
        }
    }
}
