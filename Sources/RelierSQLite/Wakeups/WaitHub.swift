import Foundation
import Relier
import Synchronization

/// Who waits in this process: fetchers for work, clients for the end of tasks. Pure bookkeeping; each waiter is resumed once.
final class WaitHub: Sendable {
    typealias Token = Int

    private enum Phase {
        /// Registered; its task does not sleep yet.
        case armed
        case fired
        case asleep(CheckedContinuation<Void, Never>)
    }

    private struct WorkWaiter {
        var phase = Phase.armed
        let queues: UInt64
        let incarnation: Incarnation
        let deadline: ContinuousClock.Instant
        /// When the next scheduled task of its queues is due.
        var due: ContinuousClock.Instant?
    }

    private struct EndWaiter {
        var phase = Phase.armed
        let ids: [TaskID]
        let deadline: ContinuousClock.Instant
    }

    private struct State {
        var next = 0
        var work: [Token: WorkWaiter] = [:]
        /// Tokens in the order of their arrival, so that waiters take turns.
        var workOrder: [Token] = []
        var ends: [Token: EndWaiter] = [:]
        var byID: [TaskID: Set<Token>] = [:]
    }

    /// What this process waits for, as other processes must know it.
    struct Interest: Sendable, Hashable {
        var queues: UInt64 = 0
        var work = false
        var results = false
    }

    private let state = Mutex(State())

    /// One bit a queue; equal for no two of the first 64.
    static func bit(_ queue: Int64) -> UInt64 { 1 << UInt64(queue & 63) }

    // Registering

    func armWork(_ incarnation: Incarnation, queues: UInt64, deadline: ContinuousClock.Instant) -> Token {
        state.withLock { state in
            state.next += 1
            state.work[state.next] = WorkWaiter(queues: queues, incarnation: incarnation, deadline: deadline)
            state.workOrder.append(state.next)
            return state.next
        }
    }

    func armEnd(of ids: [TaskID], deadline: ContinuousClock.Instant) -> Token {
        state.withLock { state in
            state.next += 1
            state.ends[state.next] = EndWaiter(ids: ids, deadline: deadline)
            for id in ids { state.byID[id, default: []].insert(state.next) }
            return state.next
        }
    }

    /// Notes when the waiter has to look for work again, whatever happens until then.
    func expectWork(_ token: Token, at due: ContinuousClock.Instant?) {
        state.withLock { state in
            guard var waiter = state.work[token] else { return }
            if case .fired = waiter.phase { return }
            waiter.due = due
            state.work[token] = waiter
        }
    }

    /// Suspends until the token is fired; at once if it was, or is not known any more.
    func sleep(_ token: Token) async {
        await withCheckedContinuation { continuation in
            let now = state.withLock { state -> Bool in
                if var waiter = state.work[token], case .armed = waiter.phase {
                    waiter.phase = .asleep(continuation)
                    state.work[token] = waiter
                    return false
                }
                if var waiter = state.ends[token], case .armed = waiter.phase {
                    waiter.phase = .asleep(continuation)
                    state.ends[token] = waiter
                    return false
                }
                return true
            }
            if now { continuation.resume() }
        }
    }

    /// Fires a token, from whatever cause.
    func fire(_ token: Token) {
        state.withLock { Self.fire(token, in: &$0) }?.resume()
    }

    /// Forgets a token that nobody sleeps on.
    func disarm(_ token: Token) {
        state.withLock { state in
            if state.work.removeValue(forKey: token) != nil { state.workOrder.removeAll { $0 == token } }
            if let waiter = state.ends.removeValue(forKey: token) { Self.forget(waiter.ids, token, in: &state) }
        }
    }

    private static func fire(_ token: Token, in state: inout State) -> CheckedContinuation<Void, Never>? {
        if var waiter = state.work[token] {
            waiter.due = nil
            defer { state.work[token] = waiter }
            if case .asleep(let continuation) = waiter.phase {
                waiter.phase = .fired
                return continuation
            }
            waiter.phase = .fired
        } else if var waiter = state.ends[token] {
            defer { state.ends[token] = waiter }
            if case .asleep(let continuation) = waiter.phase {
                waiter.phase = .fired
                return continuation
            }
            waiter.phase = .fired
        }
        return nil
    }

    private static func forget(_ ids: [TaskID], _ token: Token, in state: inout State) {
        for id in ids {
            state.byID[id]?.remove(token)
            if state.byID[id]?.isEmpty == true { state.byID[id] = nil }
        }
    }

    // Waking

    /// Wakes up to `count` workers that serve one of these queues, those first who have waited longest; answers how many.
    func wakeWork(queues: UInt64, count: Int) -> Int {
        let woken = state.withLock { state -> (Int, [CheckedContinuation<Void, Never>]) in
            var fired = 0
            var continuations: [CheckedContinuation<Void, Never>] = []
            for token in state.workOrder where fired < count {
                guard let waiter = state.work[token], waiter.queues & queues != 0 else { continue }
                if case .fired = waiter.phase { continue }
                if let continuation = Self.fire(token, in: &state) { continuations.append(continuation) }
                fired += 1
            }
            return (fired, continuations)
        }
        for continuation in woken.1 { continuation.resume() }
        return woken.0
    }

    func wakeAllWork() { _ = wakeWork(queues: .max, count: .max) }

    /// Wakes who waits for one of these tasks.
    func wakeEnds(of ids: [TaskID]) {
        let continuations = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            if state.byID.isEmpty { return [] }
            var continuations: [CheckedContinuation<Void, Never>] = []
            for id in ids {
                for token in state.byID[id] ?? [] {
                    if let continuation = Self.fire(token, in: &state) { continuations.append(continuation) }
                }
            }
            return continuations
        }
        for continuation in continuations { continuation.resume() }
    }

    /// Wakes those whose time is over.
    func expire(at now: ContinuousClock.Instant) {
        let continuations = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            var late: [Token] = []
            for (token, waiter) in state.work where waiter.deadline <= now { late.append(token) }
            for (token, waiter) in state.ends where waiter.deadline <= now { late.append(token) }
            return late.compactMap { Self.fire($0, in: &state) }
        }
        for continuation in continuations { continuation.resume() }
    }

    // Looking

    var interest: Interest {
        state.withLock { state in
            var interest = Interest(results: !state.ends.isEmpty)
            for waiter in state.work.values {
                if case .fired = waiter.phase { continue }
                interest.work = true
                interest.queues |= waiter.queues
            }
            return interest
        }
    }

    /// When the next waiter's time is over, or scheduled work is due.
    var nextDeadline: ContinuousClock.Instant? {
        state.withLock { state in
            var first: ContinuousClock.Instant?
            for waiter in state.work.values {
                let next = waiter.due.map { min($0, waiter.deadline) } ?? waiter.deadline
                first = min(first ?? next, next)
            }
            for waiter in state.ends.values { first = min(first ?? waiter.deadline, waiter.deadline) }
            return first
        }
    }

    /// Whether a waiter has to look for scheduled work that is due.
    func isWorkDue(at now: ContinuousClock.Instant) -> Bool {
        state.withLock { state in state.work.values.contains { waiter in waiter.due.map { $0 <= now } ?? false } }
    }

    var awaitsEnds: Bool { state.withLock { !$0.ends.isEmpty } }

    var awaitedIDs: [TaskID] { state.withLock { Array($0.byID.keys) } }

    /// Who waits for work, and in which queues.
    var workWaiters: [(token: Token, incarnation: Incarnation, queues: UInt64)] {
        state.withLock { state in state.work.map { ($0.key, $0.value.incarnation, $0.value.queues) } }
    }
}
