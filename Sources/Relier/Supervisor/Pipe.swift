import Foundation

enum Pipe {
    /// A pipe that a process started later does not inherit. One spawned by another thread in this very moment may; nothing depends on such a pipe's end.
    static func make() throws -> (reader: Int32, writer: Int32) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw POSIXFailure("cannot make a pipe") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }
}
