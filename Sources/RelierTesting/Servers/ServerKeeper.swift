import Foundation
import Synchronization

/// Keeps a server from outliving this process, however that ends: a shell between the two starts and kills the server on order, and when its orders end,
/// since this process is gone, it kills the server and removes its directory.
package final class ServerKeeper: Sendable {
    private static let script = """
        directory=$1; shift
        end() { [ -n "$child" ] && kill -9 "$child" && wait "$child"; child=; } 2>/dev/null
        while read -r order; do
            case $order in
            start) "$@" >>"$directory/log" 2>&1 </dev/null & child=$!; echo "$child" ;;
            kill) end; echo 0 ;;
            wait) wait "$child"; echo $?; child= ;;
            end) break ;;
            esac
        done
        end
        rm -rf "$directory"
        { echo 0; } 2>/dev/null
        """

    /// Orders go out, answers come in.
    private let line: Mutex<FileHandle>

    /// - Parameters:
    ///   - command: a program, found by `PATH`, and its arguments. What it prints goes to the file `log` of the directory.
    ///   - directory: removed with this process at the latest.
    package init(_ command: [String], directory: String, environment: [String: String] = [:]) throws {
        let (ours, theirs) = try Self.pair()
        let shell = Process()
        shell.executableURL = URL(fileURLWithPath: "/bin/sh")
        shell.arguments = ["-c", Self.script, "sh", directory, "/usr/bin/env"] + environment.map { "\($0)=\($1)" } + command
        shell.standardInput = theirs
        shell.standardOutput = theirs
        try Self.withoutBlockedSignals { try shell.run() }
        try theirs.close()
        line = Mutex(ours)
    }

    /// Starts the server.
    /// - Returns: its process id.
    package func start() throws -> Int32 { try order("start") }

    /// Ends the server at once, as a power cut would, and waits for its end.
    package func kill() { _ = try? order("kill") }

    /// Waits until it has ended by itself.
    /// - Returns: its exit status; 128 and the signal's number where one ended it.
    package func awaitEnd() -> Int32 { (try? order("wait")) ?? -1 }

    /// Ends it for good, and waits until its directory is gone.
    package func end() { _ = try? order("end") }

    private func order(_ word: String) throws -> Int32 {
        try line.withLock { line in
            try line.write(contentsOf: Data("\(word)\n".utf8))
            var answer = ""
            while let byte = try line.read(upToCount: 1)?.first, byte != UInt8(ascii: "\n") {
                answer.append(Character(UnicodeScalar(byte)))
            }
            guard let number = Int32(answer) else { throw ServerFailure("the shell that keeps a server is gone") }
            if word == "end" { try line.close() }
            return number
        }
    }

    /// Two ends that nothing else inherits which this process starts: it would keep the server alive.
    private static func pair() throws -> (FileHandle, FileHandle) {
        var ends: [Int32] = [-1, -1]
        #if os(Linux)
            let status = socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends)
        #else
            let status = socketpair(AF_UNIX, SOCK_STREAM, 0, &ends)
            for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        #endif
        if status != 0 { throw ServerFailure("cannot make a pair of sockets: \(String(cString: strerror(errno)))") }
        return (FileHandle(fileDescriptor: ends[0], closeOnDealloc: true), FileHandle(fileDescriptor: ends[1], closeOnDealloc: true))
    }

    /// Threads that run Swift tasks block most signals, and what they start inherits that; a shell waits for its child by `SIGCHLD`.
    private static func withoutBlockedSignals(_ body: () throws -> Void) throws {
        var (none, before) = (sigset_t(), sigset_t())
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        try body()
    }
}
