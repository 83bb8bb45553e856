import Foundation
import Relier
import RelierTesting
import TestSupport
import Testing

@Suite struct SignatureTests {
    struct Spreads: RelierTask {
        static let name = "spreads"
        var label: String
        func run(_ context: TaskContext) async throws -> TaskID {
            try await context.push(Count(label: label)).id
        }
    }

    private static func key(_ text: String) throws -> SigningKey { try SigningKey(parsing: text) }
    private static func keys() throws -> SigningKeys { try SigningKeys(current: key("now:0123456789abcdef")) }

    /// A client with other keys than the bench's worker.
    private func client(_ bench: Workbench, _ keys: SigningKeys?) -> Relier {
        Relier(bench.engine, settings: ClientSettings(signing: keys, logger: RelierTestHarness.quiet))
    }

    private func expectRefused(_ receipt: TaskReceipt<String>, says: String, _ bench: Workbench, signedBy: String?) async throws {
        let error = try await #require(throws: TaskQuarantined.self) { try await receipt.value(timeout: .seconds(30)) }
        #expect(error.reason == "PayloadIntegrityError")
        #expect(error.message.contains(says), "\(error.message)")
        let details = try await bench.details(of: receipt.id)
        #expect(details.signedBy == signedBy)
        #expect(details.payload?["label"] != nil, "the arguments are kept")
    }

    @Test func whatIsSignedRunsAndSoDoItsChildren() async throws {
        try await Workbench.run([Count.self, Spreads.self], signing: Self.keys()) { bench in
            let receipt = try await bench.relier.push(Spreads(label: "signed-child"))
            let child = try await receipt.value(timeout: .seconds(30))
            #expect(try await bench.relier.receipt(for: child, of: Count.self).value(timeout: .seconds(30)) == "signed-child")
            #expect(bench.engine.accepted.map { $0.envelope.signature?.keyID } == ["now", "now"])
            let byName = try await bench.relier.push(name: "count", arguments: Data(#"{"label":"by-name"}"#.utf8))
            #expect(try await byName.value(timeout: .seconds(30)) == .string("by-name"))
        }
    }

    @Test func whatIsNotSignedWithAKnownKeyIsKeptAndNamed() async throws {
        try await Workbench.run([Count.self], signing: Self.keys()) { bench in
            let unsigned = try await client(bench, nil).push(Count(label: "unsigned"))
            try await expectRefused(unsigned, says: "it is not signed", bench, signedBy: nil)
            let stranger = try await client(bench, try SigningKeys(current: Self.key("other:0123456789abcdef"))).push(
                Count(label: "stranger"))
            try await expectRefused(stranger, says: "the key 'other', which this worker does not have", bench, signedBy: "other")
            let impostor = try await client(bench, try SigningKeys(current: Self.key("now:fedcba9876543210"))).push(
                Count(label: "impostor"))
            try await expectRefused(impostor, says: "its signature is not that of the key 'now'", bench, signedBy: "now")
            for label in ["unsigned", "stranger", "impostor"] { #expect(Tally.count(label) == 0) }
            #expect(try await bench.engine.deadLetterReasons() == ["PayloadIntegrityError": 3])
        }
    }

    /// The checksum of the altered bytes is right, as a forger would make it.
    @Test func anAlteredPayloadDoesNotRun() async throws {
        try await Workbench.run([Count.self], signing: Self.keys()) { bench in
            var forged = try bench.relier.newTask(Count(label: "before"), due: .now, id: .next())
            let signature = forged.envelope.signature
            forged.envelope = Envelope(
                id: forged.envelope.id, name: "count", version: 1, payload: Data(#"{"label":"forged"}"#.utf8),
                enqueuedAt: EngineTime(microseconds: 0))
            forged.envelope.signature = signature
            _ = try await bench.engine.push([forged])
            let receipt = bench.relier.receipt(for: forged.envelope.id, of: Count.self)
            try await expectRefused(receipt, says: "its signature is not that of the key 'now'", bench, signedBy: "now")
            var damaged = try bench.relier.newTask(Count(label: "before"), due: .now, id: .next())
            damaged.envelope.payload = Data(#"{"label":"damaged"}"#.utf8)
            _ = try await bench.engine.push([damaged])
            let other = bench.relier.receipt(for: damaged.envelope.id, of: Count.self)
            try await expectRefused(other, says: "do not match their checksum", bench, signedBy: "now")
            #expect(Tally.count("forged") + Tally.count("damaged") == 0)
        }
    }

    @Test func afterARotationTheOldKeyIsAcceptedAndNothingIsSignedWithIt() async throws {
        let old = try Self.key("old:0123456789abcdef")
        let rotated = try SigningKeys(current: Self.key("new:fedcba9876543210"), previous: [old])
        try await Workbench.run([Count.self, Spreads.self], signing: rotated) { bench in
            let late = try await client(bench, try SigningKeys(current: old)).push(Spreads(label: "rotated"))
            let child = try await late.value(timeout: .seconds(30))
            #expect(try await bench.relier.receipt(for: child, of: Count.self).value(timeout: .seconds(30)) == "rotated")
            #expect(bench.engine.accepted.map { $0.envelope.signature?.keyID } == ["old", "new"])
        }
    }

    @Test func withoutAKeySignedTasksRun() async throws {
        try await Workbench.run([Count.self]) { bench in
            let receipt = try await client(bench, try Self.keys()).push(Count(label: "signing-off"))
            #expect(try await receipt.value(timeout: .seconds(30)) == "signing-off")
        }
    }

    @Test func aReleasedDeadLetterThatIsStillUnsignedGoesBack() async throws {
        try await Workbench.run([Count.self], signing: Self.keys()) { bench in
            let receipt = try await client(bench, nil).push(Count(label: "still-unsigned"))
            for round in 1...2 {
                try await expectRefused(receipt, says: "it is not signed", bench, signedBy: nil)
                #expect(try await bench.history(of: receipt.id).count == round)
                try await bench.engine.releaseDeadLetter(receipt.id, fresh: false)
                try await until("it is back") { try await bench.engine.status(of: [receipt.id])[receipt.id]?.state == .quarantined }
            }
            #expect(Tally.count("still-unsigned") == 0)
        }
    }
}
