import Synchronization

/// Values of a running body by their type, in memory only. Safe to use from the body and its hooks at once.
public final class TaskMetadata: Sendable {
    private let values = Mutex<[ObjectIdentifier: any Sendable]>([:])

    init() {}

    /// The value of that type; `nil` if none was set.
    public subscript<Value: Sendable>(type: Value.Type) -> Value? {
        get { values.withLock { $0[ObjectIdentifier(type)] } as? Value }
        set { values.withLock { $0[ObjectIdentifier(type)] = newValue } }
    }
}
