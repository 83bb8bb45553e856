import Foundation

/// Whether a body has committed its own task, and what may no longer follow. Pure.
struct BodyCommit: Sendable {
    private enum Phase {
        case open
        case underWay
        case done(Data)
    }

    private var phase = Phase.open
    /// Taken by hand and not settled yet, in the order of taking.
    private var heldKeys: [String] = []

    init() {}

    /// The result as it was stored; `nil` while the body has not committed.
    var result: Data? {
        if case .done(let result) = phase { return result }
        return nil
    }

    /// - Throws: ``AlreadyCommitted``; ``KeyStillHeld``, since the end of its task would free a key that was to be remembered as done.
    mutating func begin(_ task: TaskID) throws {
        try check("commit", task)
        if let key = heldKeys.last { throw KeyStillHeld(task: task, key: key) }
        phase = .underWay
    }

    /// The commit has succeeded with this result, or `nil`: it was undone.
    mutating func end(_ result: Data?) {
        phase = result.map(Phase.done) ?? .open
    }

    /// - Throws: ``AlreadyCommitted`` when the engine would refuse the call, or might.
    func check(_ call: String, _ task: TaskID) throws {
        switch phase {
        case .open: return
        case .underWay: throw AlreadyCommitted(task: task, call: call, isUnderWay: true)
        case .done: throw AlreadyCommitted(task: task, call: call, isUnderWay: false)
        }
    }

    mutating func take(key: String) { heldKeys.append(key) }

    mutating func leave(key: String) {
        if let place = heldKeys.lastIndex(of: key) { heldKeys.remove(at: place) }
    }
}

/// A body used its context after its `commit` had ended the task, or while that was under way. Nothing was written.
public struct AlreadyCommitted: Error, Sendable, CustomStringConvertible {
    public let task: TaskID
    /// What the body called.
    public let call: String
    let isUnderWay: Bool

    public var description: String {
        "task \(task): '\(call)' was called \(isUnderWay ? "while a commit is under way" : "after the body had committed its task"); "
            + "nothing was written; call it before the commit"
    }
}

/// A body called `commit` inside `withIdempotencyLock`: the commit ends the task, which would free the key instead of remembering it. Nothing was written.
public struct KeyStillHeld: Error, Sendable, CustomStringConvertible {
    public let task: TaskID
    public let key: String

    public var description: String {
        "task \(task): 'commit' was called while the body holds the key '\(key)'; nothing was written; leave withIdempotencyLock first"
    }
}

/// What a body hands to `commit` cannot be stored as its task's result. Nothing was written. A body that lets it pass is not run again.
public struct ResultError: Error, Sendable, CustomStringConvertible {
    public let description: String
    init(_ description: String) { self.description = description }
}
