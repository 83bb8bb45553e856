import Foundation
import Relier
import Synchronization

/// What a sweeper sees of a lease, apart from the database.
struct LeaseState: Sendable, Hashable {
    enum Holder: Sendable, Hashable {
        /// Its process has the lease.
        case alive
        /// Its process has ended, or the machine was rebooted since.
        case gone
        /// The look failed, or found nothing to judge by.
        case unknown
    }

    /// `nil` when it could not be read.
    var counter: UInt64?
    var holder: Holder
    /// Bodies that outlived their attempts, as its holder told last.
    var stuck = 0
}

/// One lease as its holder has it. Its methods may block, briefly.
protocol Lease: AnyObject, Sendable {
    /// Advances the counter and notes how many bodies are stuck; throws when that could not be written.
    func advance(stuck: Int) throws(EngineError)
    /// Gives the lease up: whoever looks finds its holder gone.
    func end()
    /// Whether it was given up.
    var isOver: Bool { get }
}

/// Where the leases of all incarnations stand, beside the database: a user's long transaction must not hold up a renewal.
protocol LeaseBook: Sendable {
    func open(_ incarnation: Incarnation) throws(EngineError) -> any Lease
    func state(of incarnation: Incarnation) -> LeaseState
    /// Forgets a lease that is over.
    func remove(_ incarnation: Incarnation)
}

/// Leases of a database in memory: nobody outside this process can see either.
final class MemoryLeases: LeaseBook {
    private let counters = Mutex<[Incarnation: LeaseState]>([:])

    private final class Held: Lease {
        let incarnation: Incarnation
        let book: MemoryLeases
        init(_ incarnation: Incarnation, in book: MemoryLeases) {
            self.incarnation = incarnation
            self.book = book
        }
        func advance(stuck: Int) throws(EngineError) {
            book.counters.withLock { counters in
                guard let counter = counters[incarnation]?.counter else { return }
                counters[incarnation]?.counter = counter + 1
                counters[incarnation]?.stuck = stuck
            }
        }
        func end() { book.endHolder(of: incarnation) }
        var isOver: Bool { book.state(of: incarnation).holder == .gone }
    }

    func open(_ incarnation: Incarnation) throws(EngineError) -> any Lease {
        counters.withLock { $0[incarnation] = LeaseState(counter: 1, holder: .alive) }
        return Held(incarnation, in: self)
    }

    func state(of incarnation: Incarnation) -> LeaseState {
        counters.withLock { $0[incarnation] ?? LeaseState(counter: nil, holder: .gone) }
    }

    func remove(_ incarnation: Incarnation) { counters.withLock { $0[incarnation] = nil } }

    /// What the death of its process would do.
    func endHolder(of incarnation: Incarnation) { counters.withLock { $0[incarnation]?.holder = .gone } }
}
