import Foundation
import Relier

/// Goes on whatever it is told, until a file is there, and notes all the time which process it runs in and when, by a clock that all processes share.
struct Clinger: RelierTask {
    static let name = "clinger"
    var evidence: String
    var gate: String

    func run(_ context: TaskContext) async throws -> Int32 {
        let pid = ProcessInfo.processInfo.processIdentifier
        repeat {
            try Evidence.append("\(pid) \(DispatchTime.now().uptimeNanoseconds)", to: evidence)
            // Not a sleep of the task's own, which its cancellation would end.
            await withCheckedContinuation { continuation in
                DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(5)) { continuation.resume() }
            }
        } while !FileManager.default.fileExists(atPath: gate)
        return pid
    }
}
