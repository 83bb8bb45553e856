import DequeModule
import NIOCore

/// The commands of one link in their order, and the times at which something is due. Pure: time comes in, what to do goes out.
///
/// Replies come in the order of the commands, so a command whose caller gave up keeps its place until its reply was discarded.
/// A connection is taken for dead when it owes a reply and nothing at all came for the silence limit; one slow command with a short
/// deadline therefore ends nothing but itself.
struct CommandQueue<Token> {
    private struct Waiting {
        let token: Token
        let sendBy: NIODeadline
    }

    private struct Written {
        let token: Token
        /// Its time has run out.
        var isAbandoned = false
        let deadline: NIODeadline
        let writtenAt: NIODeadline
    }

    struct Expired {
        /// Their time ran out before they were written.
        var unsent: [Token] = []
        /// Their time ran out before their reply came.
        var unanswered: [Token] = []
        /// The connection owes replies and has been silent for too long.
        var isSilent = false
    }

    enum Reply {
        case to(Token)
        /// Its caller has gone.
        case discarded
        /// The server said more than it was asked.
        case unexpected
    }

    let silenceLimit: TimeAmount
    private var waiting: Deque<Waiting> = []
    private var written: Deque<Written> = []
    private var heardAt = NIODeadline.uptimeNanoseconds(0)
    /// Nothing is due before this. It may be too early, since it is made exact only by ``expire(now:)``.
    private(set) var earliest = NIODeadline.distantFuture

    init(silenceLimit: TimeAmount) { self.silenceLimit = silenceLimit }

    var hasWaiting: Bool { !waiting.isEmpty }
    var hasWritten: Bool { !written.isEmpty }
    /// The command that the next reply belongs to.
    var head: Token? { written.first?.token }

    mutating func enqueue(_ token: Token, sendBy: NIODeadline) {
        waiting.append(Waiting(token: token, sendBy: sendBy))
        earliest = min(earliest, sendBy)
    }

    /// The next command to write, off the queue; ``wrote(_:deadline:now:)`` has to follow if it is written.
    mutating func nextToWrite() -> Token? { waiting.popFirst()?.token }

    mutating func wrote(_ token: Token, deadline: NIODeadline, now: NIODeadline) {
        written.append(Written(token: token, deadline: deadline, writtenAt: now))
        earliest = min(earliest, deadline, now + silenceLimit)
    }

    /// Bytes came in.
    mutating func heard(now: NIODeadline) { heardAt = now }

    mutating func answered() -> Reply {
        guard let first = written.popFirst() else { return .unexpected }
        return first.isAbandoned ? .discarded : .to(first.token)
    }

    /// Takes out what is due.
    mutating func expire(now: NIODeadline) -> Expired {
        var expired = Expired()
        if waiting.contains(where: { $0.sendBy <= now }) {
            expired.unsent = waiting.lazy.filter { $0.sendBy <= now }.map(\.token)
            waiting.removeAll { $0.sendBy <= now }
        }
        var next = waiting.lazy.map(\.sendBy).min() ?? .distantFuture
        for index in written.indices {
            guard !written[index].isAbandoned else { continue }
            if written[index].deadline <= now {
                expired.unanswered.append(written[index].token)
                written[index].isAbandoned = true
            } else {
                next = min(next, written[index].deadline)
            }
        }
        if let first = written.first {
            let silentAt = max(heardAt, first.writtenAt) + silenceLimit
            expired.isSilent = silentAt <= now
            next = min(next, silentAt)
        }
        earliest = next
        return expired
    }

    /// The connection is gone. Gives back whose replies will never come.
    mutating func lost() -> [Token] {
        defer { written.removeAll() }
        return written.compactMap { $0.isAbandoned ? nil : $0.token }
    }

    /// Gives back all that was not written.
    mutating func abandonWaiting() -> [Token] {
        defer { waiting.removeAll() }
        return waiting.map(\.token)
    }
}
