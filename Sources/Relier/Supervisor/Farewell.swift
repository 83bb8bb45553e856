import Foundation
import Synchronization

/// What a worker process says to its supervisor right before it leaves of its own accord, over the socket on which it takes orders.
///
/// Any body, or a library that it calls, may end the process with any exit status. Only what was said tells the supervisor that the worker itself decided to go.
enum Farewell: UInt8, Sendable {
    /// It was told to leave, by whomever, and has handed over what it held.
    case leaving = 0x4c
    /// It cannot renew its lease, or cannot free its slots.
    case selfStop = 0x53

    private struct Line {
        let descriptor: Int32
        let device: UInt64
        let inode: UInt64

        init?(_ descriptor: Int32) {
            var info = stat()
            guard fstat(descriptor, &info) == 0 else { return nil }
            self.descriptor = descriptor
            device = UInt64(info.st_dev)
            inode = UInt64(info.st_ino)
        }
    }

    private static let line = Mutex<Line?>(nil)

    /// Notes where the supervisor listens. Called once, when the process starts.
    static func prepare(on orders: Int32) {
        let found = Line(orders)
        line.withLock { $0 = found }
    }

    /// Says it, where there is a supervisor that listens. Never blocks.
    func say() {
        Self.line.withLock { line in
            // A body may have closed the socket and opened something else under its number.
            guard let line, let now = Line(line.descriptor), now.device == line.device, now.inode == line.inode else { return }
            var byte = rawValue
            _ = send(line.descriptor, &byte, 1, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
        }
    }

    /// What the process at the other end said last; `nil` when it said nothing. Never blocks.
    static func heard(on descriptor: Int32) -> Farewell? {
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT))
        return count > 0 ? bytes[..<count].compactMap(Farewell.init(rawValue:)).last : nil
    }
}

extension WorkerProcess {
    /// Leaves a process of our own at once, as nobody's fault: its supervisor hands its tasks back, counts nothing, and starts another.
    package static func stopItself() -> Never {
        Farewell.selfStop.say()
        _exit(Death.selfStopStatus)
    }
}

extension Death {
    /// How a worker process ended, by its exit as the kernel tells it, what it said before, and whether it had been told to leave.
    static func of(_ seen: Death, said: Farewell?, wasTold: Bool) -> Death {
        guard case .exited(let status) = seen else { return seen }
        if said == .selfStop && status == selfStopStatus { return .selfStopped }
        if said == .leaving && (status == 0 || status == drainedStatus) { return .drained }
        return wasTold ? .drained : seen
    }
}
