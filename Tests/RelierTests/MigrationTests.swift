import Foundation
import Testing

@testable import Relier

@Suite struct MigrationTests {
    private struct Refused: Error {}

    private func note(_ version: Int) -> Migration {
        Migration(from: version) { json in
            guard case .array(let path)? = json["path"] else { throw Refused() }
            json["path"] = .array(path + [.integer(Int64(version))])
        }
    }

    private func migrate(_ payload: String, _ steps: [Migration], from start: Int, to version: Int) throws -> String {
        String(decoding: try MigrationPlan(steps, version: version).migrate(Data(payload.utf8), from: start), as: UTF8.self)
    }

    @Test(arguments: [
        ([Int](), 1, nil), ([], 7, nil), ([1], 2, nil), ([2, 1], 3, nil), ([4], 5, nil), ([3, 4, 2], 5, nil),
        ([0], 2, "from version 0 can never run; versions start at 1"), ([-3, 1], 2, "from version -3 can never run"),
        ([2], 2, "from version 2 can never run, since its version is 2"), ([1, 5], 2, "from version 5 can never run"),
        ([1], 1, "from version 1 can never run"), ([1, 2, 1], 3, "two of its migrations start from version 1"),
        ([1], 3, "none starts from version 2"), ([1, 3], 4, "none starts from version 2"), ([1, 2, 4], 6, "none starts from version 3"),
    ])
    func theChainIsChecked(starts: [Int], version: Int, says: String?) {
        let objection = MigrationPlan.objection(to: starts.map(note), version: version)
        if let says {
            #expect(objection?.contains(says) == true, "\(objection ?? "no objection")")
        } else {
            #expect(objection == nil)
        }
    }

    @Test func aRegistryRefusesAGap() throws {
        struct Gap: RelierTask {
            static let name = "gap"
            static var options: TaskOptions { TaskOptions(version: 3, migrations: [.compatible(from: 1)]) }
            func run(_ context: TaskContext) async throws -> NoOutput { NoOutput() }
        }
        let error = try #require(throws: RegistrationError.self) { try TaskRegistry([Gap.self]) }
        #expect(
            error.description
                == "task 'gap': its migrations have a gap: none starts from version 2; where nothing has to be done, add '.compatible(from: 2)'"
        )
    }

    @Test func stepsAreAppliedInOrderFromThePayloadsVersionOn() throws {
        let steps = [note(3), note(1), note(2)]
        #expect(try migrate(#"{"path":[]}"#, steps, from: 1, to: 4) == #"{"path":[1,2,3]}"#)
        #expect(try migrate(#"{"path":[]}"#, steps, from: 2, to: 4) == #"{"path":[2,3]}"#)
        #expect(try migrate(#"{"path":[]}"#, steps, from: 3, to: 4) == #"{"path":[3]}"#)
    }

    @Test func membersAreAddedRenamedAndRemoved() throws {
        let step = Migration(from: 1) { json in
            json["cents"] = json["amount"]
            json["amount"] = nil
            json["currency"] = "EUR"
            json["tags"] = ["a", 1, true, 0.5]
            json["nested"] = ["kept": ["deep": 2]]
        }
        let after = try migrate(#"{"amount":500,"id":"x"}"#, [step], from: 1, to: 2)
        #expect(after == #"{"cents":500,"currency":"EUR","id":"x","nested":{"kept":{"deep":2}},"tags":["a",1,true,0.5]}"#)
    }

    @Test func valuesThatAStepDoesNotTouchStay() throws {
        let payload = #"{"big":9223372036854775807,"empty":{},"list":[[],null],"minus":-1,"share":0.1,"text":"ä/\"\n💳"}"#
        #expect(try migrate(payload, [.compatible(from: 1)], from: 1, to: 2) == payload)
    }

    @Test func aStepThatThrowsIsNamed() throws {
        let error = try #require(throws: SchemaMigrationError.self) { try migrate("{}", [note(1), note(2)], from: 2, to: 3) }
        #expect(error.message == "the migration from version 2 threw Refused: Refused()")
    }

    @Test func aPayloadOlderThanAllStepsIsRefused() throws {
        let error = try #require(throws: SchemaMigrationError.self) { try migrate("{}", [note(3)], from: 1, to: 4) }
        #expect(error.message == "no migration starts from version 1; the oldest starts from 3")
    }

    @Test func whatIsNoJSONIsNotMigrated() {
        #expect(throws: PayloadUndecodable.self) { try migrate("{", [.compatible(from: 1)], from: 1, to: 2) }
    }

    @Test func anOutcomeThatIsNoJSONIsRefused() {
        let step = Migration(from: 1) { $0["x"] = .number(.infinity) }
        #expect(throws: SchemaMigrationError.self) { try migrate("{}", [step], from: 1, to: 2) }
    }

    @Test func aMemberOfWhatIsNoObjectIsNotSet() {
        var json: JSONValue = [1, 2]
        json["a"] = 1
        #expect(json == [1, 2])
        #expect(json["a"] == nil)
    }
}
