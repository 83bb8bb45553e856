import Foundation
import Relier

extension EngineConformance {
    static let envelopeChecks: [Check] = [
        Check("aSignatureGoesWithItsTask") { try await $0.aSignatureGoesWithItsTask() },
        Check("anUnsignedTaskStaysUnsigned") { try await $0.anUnsignedTaskStaysUnsigned() },
        Check("aSignedChildKeepsItsSignature") { try await $0.aSignedChildKeepsItsSignature() },
        Check("theEnvelopeIsStoredByteForByte") { try await $0.theEnvelopeIsStoredByteForByte() },
        Check("anAlteredTaskIsHandedOutAsItIs", needs: .altersStorage) { try await $0.anAlteredTaskIsHandedOutAsItIs() },
        Check("foreignRecordsHoldUpNothing", needs: .plantsForeign) { try await $0.foreignRecordsHoldUpNothing() },
    ]

    private static let signature = Envelope.Signature(keyID: "key-1", code: Data((0..<32).map { UInt8($0 * 7 & 0xff) }))

    /// Key id and code come back as they were pushed from every claim: after a retry, a lost worker, a hand-over, the dead letter queue and a release.
    /// Inspection tells the key id throughout.
    public func aSignatureGoesWithItsTask() async throws {
        try await scene { scene in
            var new = scene.task(payload: #"{"n":1}"#, due: .after(.seconds(30)), key: "k")
            new.envelope.signature = Self.signature
            let id = try await scene.accept(new)
            func expectSigned(_ task: ClaimedTask, _ when: String) async throws {
                try scene.expect(task.envelope.signature, is: Self.signature, "signature \(when)")
                try scene.expect(task.envelope.checksum, is: new.envelope.checksum, "checksum \(when)")
                try scene.expect(task.envelope.payload, is: new.envelope.payload, "payload \(when)")
                try scene.expect(try await scene.details(of: id).signedBy, is: "key-1", "key id at inspection \(when)")
            }
            try scene.expect(try await scene.details(of: id).signedBy, is: "key-1", "key id at inspection while it is scheduled")
            try await scene.advance(.seconds(31))
            try await scene.tend()
            let doomed = try await scene.join()
            try await expectSigned(try await doomed.claim(id), "at the first claim")
            try await scene.die(doomed)
            let worker = try await scene.join(on: scene.other)
            var task = try await worker.claim(id)
            try await expectSigned(task, "after a lost worker")
            try await worker.end(task, .handBack)
            task = try await worker.claim(id)
            try await expectSigned(task, "after a hand-over")
            try await worker.retry(task)
            try await scene.tend()
            task = try await worker.claim(id)
            try await expectSigned(task, "after a retry")
            try await worker.quarantine(task)
            try scene.expect(try await scene.details(of: id).signedBy, is: "key-1", "key id of the dead letter")
            try await scene.engine.releaseDeadLetter(id, fresh: true)
            task = try await worker.claim(id)
            try await expectSigned(task, "after a release")
            try await worker.commit(task)
        }
    }

    /// A push without a signature has none at any claim.
    public func anUnsignedTaskStaysUnsigned() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            var task = try await scene.start(scene.task(), on: worker)
            try scene.expect(task.envelope.signature, is: nil, "signature of an unsigned task")
            try await worker.quarantine(task)
            try scene.expect(try await scene.details(of: task.id).signedBy, is: nil, "key id of an unsigned dead letter")
            try await scene.engine.releaseDeadLetter(task.id, fresh: false)
            task = try await worker.claim(task.id)
            try scene.expect(task.envelope.signature, is: nil, "signature of an unsigned task after a release")
            try await worker.commit(task)
        }
    }

    /// Children pushed by a running task are stored with their own signatures, signed and unsigned ones side by side in one batch.
    public func aSignedChildKeepsItsSignature() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let parent = try await scene.start(scene.task(), on: worker)
            var children = (0..<3).map { _ in scene.task(parent: parent) }
            children[0].envelope.signature = Self.signature
            children[2].envelope.signature = Envelope.Signature(keyID: "ä-🔑", code: Data(repeating: 0, count: 32))
            try await scene.accept(children)
            let claimed = Dictionary(uniqueKeysWithValues: try await worker.claim().map { ($0.id, $0.envelope.signature) })
            for child in children {
                try scene.expect(claimed[child.envelope.id], is: child.envelope.signature, "signature of a child")
            }
        }
    }

    /// Nothing of an envelope is interpreted: payloads that are no JSON, empty, or hold zeros come back byte for byte, and so do wrong checksums.
    public func theEnvelopeIsStoredByteForByte() async throws {
        try await scene { scene in
            let worker = try await scene.join()
            let payloads = [Data(), Data([0, 0xff, 0, 0xfe]), Data("{\"a\":".utf8), Data(repeating: 0x20, count: 100_000)]
            for payload in payloads {
                var new = scene.task()
                new.envelope = Envelope(
                    stored: .next(), name: "work", version: 1, payload: payload, enqueuedAt: EngineTime(microseconds: 0),
                    traceparent: nil, checksum: Data([1, 2, 3]), signature: Envelope.Signature(keyID: "", code: Data([9])))
                var task = try await scene.start(new, on: worker)
                for round in 1...2 {
                    try scene.expect(task.envelope.payload, is: payload, "payload at claim \(round)")
                    try scene.expect(task.envelope.checksum, is: Data([1, 2, 3]), "checksum at claim \(round)")
                    try scene.expect(task.envelope.signature, is: new.envelope.signature, "signature at claim \(round)")
                    try await worker.quarantine(task)
                    _ = try await scene.details(of: task.id)
                    try await scene.engine.releaseDeadLetter(task.id, fresh: false)
                    task = try await worker.claim(task.id)
                }
                try await worker.commit(task)
            }
        }
    }

    /// A payload that was changed in the storage is handed out changed, its checksum as it was: the worker sees it. So it stays in the dead letter queue and
    /// after a release.
    public func anAlteredTaskIsHandedOutAsItIs() async throws {
        try await scene { scene in
            guard let alter = scene.subject.alterPayload else { throw scene.failure("the engine under test has no 'altersStorage'") }
            let worker = try await scene.join()
            let new = scene.task(payload: #"{"cents":1}"#)
            try await scene.accept(new)
            let altered = Data(#"{"cents":1000000}"#.utf8)
            try await alter(new.envelope.id, altered)
            var task = try await worker.claim(new.envelope.id)
            for when in ["at its claim", "after a release"] {
                try scene.expect(task.envelope.payload, is: altered, "payload \(when)")
                try scene.expect(task.envelope.checksum, is: new.envelope.checksum, "checksum \(when)")
                try scene.expect(!task.envelope.isIntact, "the change shows \(when)")
                try await worker.quarantine(task, "PayloadIntegrityError")
                try await scene.engine.releaseDeadLetter(task.id, fresh: false)
                task = try await worker.claim(task.id)
            }
            try await worker.quarantine(task, "PayloadIntegrityError")
        }
    }

    /// Records that are no tasks are never handed out, do not disturb claims, and all end as dead letters that say so; tasks behind them run.
    public func foreignRecordsHoldUpNothing() async throws {
        try await scene { scene in
            guard let plant = scene.subject.plantForeign else { throw scene.failure("the engine under test has no 'plantsForeign'") }
            let worker = try await scene.join()
            let count = try await plant()
            let ids = try await scene.accept((0..<3).map { _ in scene.task() })
            var claimed: [TaskID] = []
            for _ in 0..<count + 2 where claimed.count < ids.count {
                for task in try await worker.claim(2) {
                    claimed.append(task.id)
                    try await worker.commit(task)
                }
            }
            try scene.expectClaimed(claimed, is: ids, "tasks claimed from behind \(count) foreign records")
            try await scene.tend()
            try scene.expect(try await worker.claim().count, is: 0, "tasks claimed of what is left")
            try await scene.tend()
            try scene.expect(
                try await scene.engine.deadLetterReasons(), is: ["PayloadIntegrityError": count], "dead letters of the foreign records")
            let letters = try await scene.engine.deadLetters(DeadLetterQuery(limit: 1000)).items
            try scene.expect(letters.count, is: count, "foreign records listed")
            for letter in letters {
                let details = try await scene.details(of: letter.id)
                try scene.expect(details.message?.isEmpty, is: false, "a foreign record's message")
                // Released, it ends there again.
                try await scene.engine.releaseDeadLetter(letter.id, fresh: false)
            }
            // What a release makes well-formed is handed out: that its bytes are not a push's is for the worker to see.
            for task in try await worker.claim() {
                try scene.expect(!task.envelope.isIntact, "a foreign record is not intact")
                try await worker.quarantine(task, "PayloadIntegrityError")
            }
            try await scene.tend()
            try scene.expect(
                try await scene.engine.deadLetterReasons(), is: ["PayloadIntegrityError": count], "dead letters after all were released")
            let queue = try await scene.engine.queues().reduce(0) { $0 + $1.queued + $1.recovered + $1.running }
            try scene.expect(queue, is: 0, "records left in the queues")
        }
    }
}
