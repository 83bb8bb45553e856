import Synchronization

/// A number that a test changes while a server reads it.
final class NamedPort: Sendable {
    private let stored: Mutex<Int>
    init(_ value: Int) { stored = Mutex(value) }

    var value: Int {
        get { stored.withLock { $0 } }
        set { stored.withLock { $0 = newValue } }
    }
}
