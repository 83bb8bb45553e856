import Foundation
import Relier

/// Takes one key for all of them, and says so; whoever carries the operation out waits for a file first.
struct Locker: RelierTask {
    static let name = "locker"
    var number: Int
    var evidence: String
    var gate: String

    func run(_ context: TaskContext) async throws -> Int {
        let pid = ProcessInfo.processInfo.processIdentifier
        try Evidence.append("start \(number) \(pid)", to: evidence)
        return try await withIdempotencyLock(key: "locker", ttl: .hours(1)) {
            try Evidence.append("inside \(number) \(pid)", to: evidence + ".inside")
            try await Evidence.file(gate)
            return number
        }
    }
}
