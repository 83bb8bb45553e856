import Foundation

/// Processes that lost their parent and became children of this one: process 1 of a container inherits them all, and must take note of their ends.
enum Orphans {
    static let isOurDuty = getpid() == 1

    /// Reaps what has ended and is nobody's. Does not block.
    /// - Parameter own: children that somebody here waits for.
    static func reap(except own: Set<Int32>) {
        while true {
            var information = siginfo_t()
            // Looked at first: the end of a worker is told to who watches it, by the kernel and once.
            guard waitid(P_ALL, 0, &information, WEXITED | WNOHANG | WNOWAIT) == 0 else { return }
            let pid = information.pid
            if pid == 0 || own.contains(pid) { return }
            _ = waitpid(pid, nil, WNOHANG)
        }
    }
}

extension siginfo_t {
    fileprivate var pid: Int32 {
        #if os(Linux)
            _sifields._sigchld.si_pid
        #else
            si_pid
        #endif
    }
}
