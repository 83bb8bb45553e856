import Foundation
import Synchronization

/// The servers that this process started, to be ended with it.
final class Children: Sendable {
    static let shared = Children()
    private let running = Mutex<[Int32: URL]>([:])

    private init() {
        atexit { Children.shared.endAll() }
    }

    func add(pid: Int32, directory: URL) { running.withLock { $0[pid] = directory } }

    func end(_ pid: Int32, keepingDirectory: Bool = false) {
        guard let directory = running.withLock({ $0.removeValue(forKey: pid) }) else { return }
        kill(pid, SIGKILL)
        if !keepingDirectory { try? FileManager.default.removeItem(at: directory) }
    }

    func endAll() {
        for pid in running.withLock({ Array($0.keys) }) { end(pid) }
    }
}
