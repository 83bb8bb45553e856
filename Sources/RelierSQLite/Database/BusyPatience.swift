import Relier
import Synchronization

/// How long the connections of an engine wait for others that write. An opener that stands in the gate may only look; it waits outside.
final class BusyPatience: Sendable {
    private let microseconds: Atomic<Int64>

    init(_ duration: Duration) { microseconds = Atomic(max(1000, duration.microseconds)) }

    /// At least a millisecond.
    var duration: Duration {
        get { .microseconds(microseconds.load(ordering: .relaxed)) }
        set { microseconds.store(max(1000, newValue.microseconds), ordering: .relaxed) }
    }
}
