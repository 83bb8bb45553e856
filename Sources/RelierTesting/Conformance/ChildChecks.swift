import Foundation
import Relier

extension EngineConformance {
    static let childChecks: [Check] = [
        Check("aChildIsPushedOnce") { try await $0.aChildIsPushedOnce() },
        Check("aFinishedChildIsRememberedWhileItsParentLives") { try await $0.aFinishedChildIsRememberedWhileItsParentLives() },
        Check("childrenAreForgottenWithTheirParent") { try await $0.childrenAreForgottenWithTheirParent() },
        Check("childrenOutliveAQuarantinedParent") { try await $0.childrenOutliveAQuarantinedParent() },
        Check("aDuplicateChildIsADuplicateAgain") { try await $0.aDuplicateChildIsADuplicateAgain() },
        Check("aParentKilledHalfWayPushesEachChildOnce") { try await $0.aParentKilledHalfWayPushesEachChildOnce() },
    ]

    /// The same child under the same fence, and under the fence of the parent's next incarnation, is one task.
    public func aChildIsPushedOnce() async throws {
        try await scene { scene in
            let doomed = try await scene.join()
            var parent = try await scene.start(scene.task(queue: "parents"), on: doomed)
            let id = TaskID.next()
            try scene.expect(try await scene.push(scene.task(id: id, parent: parent)), is: .accepted, "the first push of a child")
            try scene.expect(try await scene.push(scene.task(id: id, parent: parent)), is: .known, "the second push of a child")
            let outcomes = try await scene.engine.push([scene.task(id: id, parent: parent), scene.task(parent: parent)])
            try scene.expect(outcomes, is: [.known, .accepted], "pushing a known child together with a new one")
            try await scene.die(doomed)
            let worker = try await scene.join()
            parent = try await worker.claim(parent.id, from: "parents")
            try scene.expect(try await scene.push(scene.task(id: id, parent: parent)), is: .known, "the push after a resurrection")
            try scene.expect(try await worker.claim().count, is: 2, "children to claim")
        }
    }

    /// A child's id is known to its living parent for longer than anything else remembers the child.
    public func aFinishedChildIsRememberedWhileItsParentLives() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let parent = try await scene.start(scene.task(), on: worker)
            let child = try await scene.start(scene.task(resultTTL: .minutes(1), parent: parent), on: worker)
            try await worker.commit(child)
            try await scene.advance(scene.subject.retention.history + .hours(2))
            try await scene.tend()
            try await scene.expectState(nil, of: child.id, "after its retention")
            try scene.expect(try await scene.push(scene.task(id: child.id, parent: parent)), is: .known, "the push of an expired child")
            try scene.expect(try await worker.claim().count, is: 0, "tasks to claim")
        }
    }

    /// When the parent has ended and the child has expired, nothing remembers the child's id.
    public func childrenAreForgottenWithTheirParent() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let parent = try await scene.start(scene.task(), on: worker)
            let child = try await scene.start(scene.task(resultTTL: .minutes(1), parent: parent), on: worker)
            try await worker.commit(child)
            try await worker.commit(parent)
            try scene.expect(try await scene.push(scene.task(id: child.id)), is: .known, "pushing the id of a child that is kept")
            try await scene.advance(scene.subject.retention.history + .hours(2))
            try await scene.tend()
            try scene.expect(try await scene.push(scene.task(id: child.id)), is: .accepted, "pushing the id of a forgotten child")
        }
    }

    /// A parent's failure takes nothing from its children.
    public func childrenOutliveAQuarantinedParent() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let parent = try await scene.start(scene.task(), on: worker)
            let children = try await scene.accept((0..<3).map { _ in scene.task(parent: parent) })
            try await worker.quarantine(parent)
            try scene.expect(try await worker.claim().map(\.id), is: children, "children to claim")
        }
    }

    /// A child whose operation another task carries out is told so each time it is pushed: its own id was never accepted.
    public func aDuplicateChildIsADuplicateAgain() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let parent = try await scene.start(scene.task(), on: worker)
            let holder = try await scene.start(scene.task(key: "k"), on: worker)
            let child = scene.task(key: "k", parent: parent)
            for _ in 0..<2 {
                try scene.expect(try await scene.push(child), is: .duplicate(by: holder.id), "pushing a child whose key another task holds")
                try await scene.expectState(nil, of: child.envelope.id, "that was never accepted")
            }
            try await worker.quarantine(holder)
            try scene.expect(try await scene.push(child), is: .accepted, "pushing the child when the key is free")
            try scene.expect(try await scene.push(child), is: .known, "pushing the accepted child again")
        }
    }

    /// Two incarnations of one parent push overlapping batches of 1,000 children in different orders, the first one late: 1,000 children.
    public func aParentKilledHalfWayPushesEachChildOnce() async throws {
        try await scene { scene in
            let doomed = try await scene.join(on: scene.other)
            let first = try await scene.start(scene.task(queue: "parents"), on: doomed)
            let ids = (0..<1000).map { _ in TaskID.next() }
            _ = try await scene.other.push(ids[0..<600].map { scene.task(id: $0, parent: first) })
            try await scene.die(doomed)
            let worker = try await scene.join()
            let second = try await worker.claim(first.id, from: "parents")
            let shuffled = ids.shuffled()
            var accepted = 0
            for start in stride(from: 0, to: 1000, by: 250) {
                let outcomes = try await scene.engine.push(shuffled[start..<start + 250].map { scene.task(id: $0, parent: second) })
                accepted += outcomes.filter { $0 == .accepted }.count
                let late = [scene.task(id: shuffled[start], parent: first), scene.task(parent: first)]
                try await scene.expectError(.fenced, "a push of the late incarnation") { _ = try await scene.other.push(late) }
            }
            try scene.expect(accepted, is: 400, "children that the second incarnation added to the first one's 600")
            let claimed = try await worker.claim(2000).map(\.id)
            try scene.expect(claimed.count, is: 1000, "children to claim")
            try scene.expect(Set(claimed) == Set(ids), "each child is there once")
        }
    }
}
