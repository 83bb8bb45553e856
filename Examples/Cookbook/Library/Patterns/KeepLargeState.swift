import Foundation
import Relier

/// Pattern 3's size: state beyond 256 KiB needs `RELIER_CHECKPOINT_BACKEND=filesystem`; inline it is refused with ``CheckpointTooLargeError``.
///
/// The first attempt computes the state and saves it, the next one finds it. `secondsAfter` is how long the work after the checkpoint takes.
@RelierTask(name: "keepLargeState")
func keepLargeState(bytes: Int, secondsAfter: Int = 0, context: TaskContext) async throws -> LargeStateSummary {
    if let state = try context.partial(as: LargeState.self) {
        return LargeStateSummary(bytes: state.blob.count, isIntact: state == .computed(bytes: state.blob.count), wasResumed: true)
    }
    let state = LargeState.computed(bytes: bytes)
    try await context.setPartial(state)
    try await Task.sleep(for: .seconds(secondsAfter))
    return LargeStateSummary(bytes: state.blob.count, isIntact: true, wasResumed: false)
}

/// What took long to compute.
struct LargeState: Codable, Sendable, Hashable {
    var blob: String

    /// The same text for the same size: 64 letters in turn, so that a hole or a swap is seen.
    static func computed(bytes: Int) -> LargeState {
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-"
        let repeated = String(repeating: alphabet, count: bytes / alphabet.utf8.count)
        return LargeState(blob: repeated + alphabet.prefix(bytes % alphabet.utf8.count))
    }
}

struct LargeStateSummary: Codable, Sendable, Hashable {
    var bytes: Int
    /// Whether every byte is the one that was saved.
    var isIntact: Bool
    /// Whether it came from a checkpoint.
    var wasResumed: Bool
}
