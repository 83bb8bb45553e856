import Foundation
import Testing

@testable import Relier

@Suite struct BodyCommitTests {
    let task = TaskID.next()

    @Test func afterACommitNothingIsAllowed() throws {
        var commit = BodyCommit()
        try commit.check("push", task)
        try commit.begin(task)
        #expect(commit.result == nil)
        let early = #expect(throws: AlreadyCommitted.self) { try commit.check("push", task) }
        #expect(early?.description.contains("under way") == true)
        commit.end(Data("1".utf8))
        #expect(commit.result == Data("1".utf8))
        #expect(throws: AlreadyCommitted.self) { try commit.check("push", task) }
        #expect(throws: AlreadyCommitted.self) { try commit.begin(task) }
    }

    @Test func whatWasUndoneIsOpenAgain() throws {
        var commit = BodyCommit()
        try commit.begin(task)
        #expect(throws: AlreadyCommitted.self) { try commit.begin(task) }
        commit.end(nil)
        try commit.check("push", task)
        try commit.begin(task)
    }

    @Test func heldKeysForbidIt() throws {
        var commit = BodyCommit()
        commit.take(key: "a")
        commit.take(key: "a")
        commit.leave(key: "a")
        let error = #expect(throws: KeyStillHeld.self) { try commit.begin(task) }
        #expect(error?.key == "a")
        commit.leave(key: "a")
        try commit.begin(task)
    }
}
