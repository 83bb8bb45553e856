import Foundation
import Testing

@testable import Relier

@Suite struct SigningTests {
    private let envelope = Envelope(
        id: TaskID(high: 0x0198_c5a2_7c1e_7f00, low: 0x8000_1234_5678_90ab), name: "sendInvoice", version: 3,
        payload: Data(#"{"id":"INV-1"}"#.utf8), enqueuedAt: EngineTime(microseconds: 1))
    private let secret = "correct horse battery"

    private func key(_ id: String, _ secret: String = "correct horse battery") throws -> SigningKey {
        try SigningKey(id: id, secret: Data(secret.utf8))
    }

    private func check(_ keys: SigningKeys?, _ envelope: Envelope, limit: Int = 1 << 20) -> EnvelopeCheck.Objection? {
        EnvelopeCheck(keys: keys, maxPayloadBytes: limit).objection(to: envelope)
    }

    private func signed(by key: SigningKey) -> Envelope {
        var envelope = envelope
        envelope.signature = envelope.signature(by: key)
        return envelope
    }

    /// The stored format, computed by another program.
    @Test func theFormatStays() throws {
        #expect(hex(envelope.checksum) == "82f6ffaae10aef2c786e75426f40c8ba")
        let signature = envelope.signature(by: try key("k1"))
        #expect(signature.keyID == "k1")
        #expect(hex(signature.code) == "ae3a62e53ed96054a98808eaa3bdf58c42d17e30ba9690fa3b0029e98532892e")
        #expect(try SigningKey(parsing: secret).id == "768b13b3")
    }

    private func hex(_ data: Data) -> String { data.map { String(format: "%02x", $0) }.joined() }

    @Test func whatIsSignedMayRun() throws {
        let keys = try SigningKeys(current: key("k1"))
        #expect(check(keys, signed(by: keys.current)) == nil)
        #expect(check(nil, envelope) == nil)
        #expect(check(nil, signed(by: keys.current)) == nil, "without a key nothing is verified")
    }

    @Test func unsignedWronglySignedAndUnknownAreToldApart() throws {
        let keys = try SigningKeys(current: key("k1"))
        let unsigned = try #require(check(keys, envelope))
        #expect(unsigned.reason == "PayloadIntegrityError")
        #expect(unsigned.message.contains("it is not signed"))
        let unknown = try #require(check(keys, signed(by: try key("k2"))))
        #expect(unknown.reason == "PayloadIntegrityError")
        #expect(unknown.message.contains("'k2', which this worker does not have"))
        // The right id, another secret.
        let wrong = try #require(check(keys, signed(by: try key("k1", "another horse battery"))))
        #expect(wrong.message.contains("is not that of the key 'k1'"))
    }

    @Test(arguments: 0..<4) func theSignatureCoversEveryPart(part: Int) throws {
        let keys = try SigningKeys(current: key("k1"))
        let good = signed(by: keys.current)
        // An attacker computes the checksum anew, and takes a signature that he has seen.
        var forged: Envelope
        let time = EngineTime(microseconds: 1)
        switch part {
        case 0: forged = Envelope(id: .next(), name: good.name, version: good.version, payload: good.payload, enqueuedAt: time)
        case 1: forged = Envelope(id: good.id, name: "other", version: good.version, payload: good.payload, enqueuedAt: time)
        case 2: forged = Envelope(id: good.id, name: good.name, version: 2, payload: good.payload, enqueuedAt: time)
        default: forged = Envelope(id: good.id, name: good.name, version: good.version, payload: Data("{}".utf8), enqueuedAt: time)
        }
        forged.signature = good.signature
        #expect(forged.isIntact)
        #expect(check(keys, forged)?.message.contains("its signature is not that of") == true)
    }

    /// Moving bytes from one part to the next gives another signature.
    @Test func partsDoNotRunIntoEachOther() throws {
        let time = EngineTime(microseconds: 1)
        let id = TaskID.next()
        let left = Envelope(id: id, name: "ab", version: 1, payload: Data("c".utf8), enqueuedAt: time)
        let right = Envelope(id: id, name: "a", version: 1, payload: Data("bc".utf8), enqueuedAt: time)
        #expect(left.checksum != right.checksum)
        #expect(try left.signature(by: key("k")) != right.signature(by: key("k")))
    }

    @Test(arguments: [0, 1, 16, 31, 33, 64]) func aCodeOfAnotherLengthIsRefused(length: Int) throws {
        let keys = try SigningKeys(current: key("k1"))
        var bad = signed(by: keys.current)
        let code = try #require(bad.signature?.code)
        bad.signature?.code = code.prefix(length) + Data(count: max(0, length - code.count))
        #expect(bad.signature?.code.count == length)
        #expect(check(keys, bad) != nil)
    }

    @Test func checksumsOfAnotherLengthAreRefused() {
        for checksum in [Data(), envelope.checksum.prefix(15), envelope.checksum + Data([0]), Data(count: 16)] {
            var bad = envelope
            bad.checksum = Data(checksum)
            #expect(check(nil, bad)?.message == "the stored bytes do not match their checksum")
        }
    }

    @Test func aPayloadOverTheLimitIsRefused() {
        #expect(check(nil, envelope, limit: envelope.payload.count) == nil)
        let objection = check(nil, envelope, limit: envelope.payload.count - 1)
        #expect(objection?.reason == "PayloadTooLarge")
        #expect(objection?.message.contains("RELIER_MAX_PAYLOAD_BYTES") == true)
    }

    @Test(arguments: [0, -5]) func versionsStartAtOne(version: Int) {
        let old = Envelope(id: .next(), name: "a", version: version, payload: Data("{}".utf8), enqueuedAt: EngineTime(microseconds: 0))
        #expect(check(nil, old)?.message.contains("versions start at 1") == true)
    }

    /// Step by step, as docs/envelope.md tells it: at no step is there a task that a worker of that step or of the one before would refuse.
    @Test func anExchangeOfKeysRefusesNothing() throws {
        let (old, new) = (try key("old"), try key("new", "a fresh secret of the year"))
        let steps = [
            try SigningKeys(current: old), try SigningKeys(current: old, previous: [new]), try SigningKeys(current: new, previous: [old]),
        ]
        for (index, step) in steps.enumerated() {
            for pusher in steps[max(0, index - 1)...min(steps.count - 1, index + 1)] {
                #expect(check(step, signed(by: pusher.current)) == nil)
            }
        }
        let afterwards = try SigningKeys(current: new)
        #expect(check(afterwards, signed(by: new)) == nil)
        #expect(check(afterwards, signed(by: old))?.message.contains("'old'") == true)
    }
}

@Suite struct SigningKeyTests {
    @Test func keysAsPeopleWriteThem() throws {
        let named = try SigningKey(parsing: "2026-05:0123456789abcdef")
        #expect(named.id == "2026-05")
        #expect(named == (try SigningKey(id: "2026-05", secret: Data("0123456789abcdef".utf8))))
        // Only the first colon parts id and secret.
        #expect(try SigningKey(parsing: "k:0123456789:abcdef") == SigningKey(id: "k", secret: Data("0123456789:abcdef".utf8)))
        let bare = try SigningKey(parsing: "0123456789abcdef")
        #expect(bare.id.count == 8)
        #expect(try bare == SigningKey(parsing: "0123456789abcdef"))
        #expect(try bare.id != SigningKey(parsing: "0123456789abcdeg").id)
    }

    @Test(arguments: [
        ("", "at least 16 bytes; this one has 0"), ("short", "at least 16 bytes; this one has 5"), ("k:short", "this one has 5"),
        (":0123456789abcdef", "a key's id"), ("a b:0123456789abcdef", "a key's id"), ("p@ss:0123456789abcdef", "a key's id"),
        ("0123456789,abcdef", "no comma"), ("k:0123456789abcde\n", "no control character"),
        (String(repeating: "i", count: 65) + ":0123456789abcdef", "1 to 64"),
    ])
    func badKeysAreNamedAndNotShown(text: String, says: String) throws {
        let error = try #require(throws: SigningKeyError.self) { try SigningKey(parsing: text) }
        #expect(error.description.contains(says), "\(error)")
        #expect(!error.description.contains("0123456789"))
        #expect(!error.description.contains("short"))
    }

    @Test func twoKeysOfOneIDAreRefused() throws {
        let key = try SigningKey(parsing: "k:0123456789abcdef")
        let other = try SigningKey(parsing: "k:fedcba9876543210")
        let error = try #require(throws: SigningKeyError.self) { try SigningKeys(current: key, previous: [other]) }
        #expect(error.description.contains("'k'"))
        #expect(try SigningKeys(current: key, previous: [key]).key("k") == key)
        #expect(try SigningKeys(current: key).key("l") == nil)
    }

    @Test func noDescriptionShowsTheSecret() throws {
        let keys = try SigningKeys(
            current: SigningKey(parsing: "k:0123456789abcdef"), previous: [SigningKey(parsing: "old:0123456789fedcba")])
        var dumped = ""
        dump(keys, to: &dumped)
        dump(ClientSettings(signing: keys), to: &dumped)
        for text in ["\(keys)", "\(keys.current)", String(reflecting: keys), String(reflecting: keys.current), dumped] {
            #expect(!text.contains("0123456789"))
        }
        #expect("\(keys)" == "signing with 'k', accepting 'old'")
    }
}
