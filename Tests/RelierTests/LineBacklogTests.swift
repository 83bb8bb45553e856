import Testing

@testable import Relier

@Suite struct LineBacklogTests {
    private func lines(_ count: Int, of width: Int = 10) -> [UInt8] {
        Array(repeatElement(Array(repeating: UInt8(ascii: "x"), count: width - 1) + [UInt8(ascii: "\n")], count: count).joined())
    }

    private func text(_ bytes: [UInt8]?) -> String { String(decoding: bytes ?? [], as: UTF8.self) }

    @Test func whatFitsComesOutInItsOrder() {
        var backlog = LineBacklog(limit: 100)
        #expect(backlog.append("one\n".utf8) == true)
        #expect(backlog.append("two\n".utf8) == true)
        #expect(text(backlog.next()) == "one\ntwo\n")
        #expect(backlog.append("three\n".utf8) == true, "what comes meanwhile waits")
        #expect(backlog.written == 0)
        backlog.finished()
        #expect(backlog.written == 8)
        #expect(text(backlog.next()) == "three\n")
        backlog.finished()
        #expect(backlog.next() == nil)
        #expect(backlog.written == backlog.accepted)
    }

    @Test func theBoundCoversWhatIsBeingWritten() {
        var backlog = LineBacklog(limit: 100)
        #expect(backlog.append(lines(6)) == true)
        _ = backlog.next()
        #expect(backlog.append(lines(4)) == true)
        #expect(backlog.append(lines(1)) == false)
    }

    @Test func droppedLinesAreCountedAndToldWhereTheyAreMissing() {
        var backlog = LineBacklog(limit: 100)
        #expect(backlog.append(lines(9)) == true)
        _ = backlog.next()
        #expect(backlog.append(lines(3)) == false)
        #expect(backlog.append("x\n".utf8) == false, "once lines are missing, none is let in before half of the room is free")
        backlog.finished()
        #expect(backlog.append("after\n".utf8) == true)
        #expect(text(backlog.next()) == "relier: 4 lines are missing here: nobody read them in time\nafter\n")
        #expect(backlog.dropped == 0)
    }

    @Test func theirNumberIsToldAlsoWhenNothingFollows() {
        var backlog = LineBacklog(limit: 100)
        #expect(backlog.append(lines(10)) == true)
        #expect(backlog.append(lines(1)) == false)
        _ = backlog.next()
        backlog.finished()
        #expect(text(backlog.next()) == "relier: 1 line is missing here: nobody read them in time\n")
        backlog.finished()
        #expect(backlog.next() == nil)
    }

    @Test func whatCouldNotBeWrittenIsToldWithTheNextLineOnly() {
        var backlog = LineBacklog(limit: 100)
        #expect(backlog.append(lines(3)) == true)
        let chunk = backlog.next() ?? []
        backlog.failed(chunk[20...])
        #expect(backlog.next() == nil, "a full disk is not asked again and again")
        #expect(backlog.append("later\n".utf8) == true)
        #expect(text(backlog.next()) == "relier: 1 line is missing here: nobody read them in time\nlater\n")
    }

    @Test func failuresAreToldAtOnceAndThenLessAndLess() {
        var notice = OutageNotice()
        let start = ContinuousClock.now
        let told = (0..<200).filter { notice.failed(at: start + .seconds($0)) }
        #expect(told == [0, 10, 30, 70, 150])
        #expect(notice.succeeded() == true)
        #expect(notice.succeeded() == false)
        #expect(notice.failed(at: start + .seconds(200)) == true)
    }
}
