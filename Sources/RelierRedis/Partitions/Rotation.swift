import Synchronization

/// With which partition the next claim begins: one after the other, so that none is always last, unless ready work is known to be in one.
final class Rotation: Sendable {
    private let count: Int
    private let position = Atomic<Int>(0)

    init(count: Int) { self.count = count }

    func next() -> Int {
        if count == 1 { return 0 }
        return position.wrappingAdd(1, ordering: .relaxed).oldValue % count
    }

    func begin(at partition: Int) {
        if count > 1 { position.store(partition, ordering: .relaxed) }
    }
}
