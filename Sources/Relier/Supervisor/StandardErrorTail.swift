import Dispatch
import Foundation
import Synchronization

/// Passes a child's standard error on to our own, line by line, and remembers its last lines. It reads on whether or not anybody reads ours: a child must
/// never wait for that.
final class StandardErrorTail: Sendable {
    private struct State {
        var tail: [UInt8] = []
        var isCrashAnnounced = false
    }

    /// Room for a backtrace beside the last lines.
    private static let kept = 96 << 10
    private static let reported = 16 << 10

    private let state = Mutex(State())
    private let descriptor: Int32
    private let onCrash: @Sendable (Int32) -> Void
    private let stop: (reader: Int32, writer: Int32)
    private let ended = DispatchSemaphore(value: 0)
    private let output: LineWriter

    /// The longest part of a line that waits for the rest of it, and how long it waits.
    private static let partialLimit = 16 << 10
    private static let partialPause = Duration.milliseconds(200)

    /// - Parameters:
    ///   - output: where the lines go.
    ///   - onCrash: called once, when Swift's crash reporter announces itself, with the signal that it reports.
    /// - Throws: ``POSIXFailure`` when there are no descriptors or threads left.
    init(reading descriptor: Int32, to output: LineWriter = .standardError, onCrash: @escaping @Sendable (Int32) -> Void) throws {
        self.descriptor = descriptor
        self.output = output
        self.onCrash = onCrash
        let stop = try Pipe.make()
        self.stop = stop
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        do {
            try POSIXThread.start("relier-stderr") { [self] in
                read()
                ended.signal()
            }
        } catch {
            close(stop.reader)
            close(stop.writer)
            throw error
        }
    }

    /// Reads what is there by now, stops reading, and gives it back. Called once.
    func finish() -> (standardError: String, backtrace: String?) {
        close(stop.writer)
        ended.wait()
        close(descriptor)
        close(stop.reader)
        return state.withLock { state in Self.split(state.tail) }
    }

    private func read() {
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        var partial: [UInt8] = []
        defer { if !partial.isEmpty { output.pass(partial + [Self.newline]) } }
        var polled = [
            pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0), pollfd(fd: stop.reader, events: Int16(POLLIN), revents: 0),
        ]
        while true {
            let count = Foundation.read(descriptor, &buffer, buffer.count)
            if count > 0 {
                pass(buffer[..<count], &partial)
                remember(buffer[..<count])
            } else if count == 0 {
                return
            } else if errno == EAGAIN {
                // Nothing is left, and nobody will write who matters.
                if polled[1].revents != 0 { return }
                let pause = partial.isEmpty ? -1 : Int32(Self.partialPause.microseconds / 1000)
                if poll(&polled, 2, pause) == 0 {
                    // A prompt or a row of dots: its line may never end.
                    output.pass(partial)
                    partial = []
                }
            } else if errno != EINTR {
                return
            }
        }
    }

    private static let newline = UInt8(ascii: "\n")

    /// Passes whole lines on, so that those of several children do not mix, and keeps the rest.
    private func pass(_ bytes: ArraySlice<UInt8>, _ partial: inout [UInt8]) {
        guard let end = bytes.lastIndex(of: Self.newline) else {
            partial += bytes
            if partial.count < Self.partialLimit { return }
            output.pass(partial)
            partial = []
            return
        }
        output.pass(partial + bytes[...end])
        partial = Array(bytes[(end + 1)...])
    }

    private func remember(_ bytes: ArraySlice<UInt8>) {
        let signal: Int32? = state.withLock { state in
            state.tail += bytes
            if state.tail.count > 2 * Self.kept { state.tail.removeFirst(state.tail.count - Self.kept) }
            guard !state.isCrashAnnounced, let signal = Self.announcedSignal(in: state.tail.suffix(bytes.count + 64)) else { return nil }
            state.isCrashAnnounced = true
            return signal
        }
        if let signal { onCrash(signal) }
    }

    /// The number in the crash reporter's first line, `*** Signal 4: Backtracing from 0x…`; `nil` where there is no such line.
    static func announcedSignal(in bytes: ArraySlice<UInt8>) -> Int32? {
        let text = String(decoding: bytes, as: UTF8.self)
        guard let start = text.range(of: "*** Signal ", options: .backwards)?.upperBound,
            let end = text.range(of: ": Backtracing from 0x", range: start..<text.endIndex)?.lowerBound
        else { return nil }
        return Int32(text[start..<end])
    }

    /// The last lines, and apart from them Swift's backtrace if there is one.
    static func split(_ bytes: [UInt8]) -> (standardError: String, backtrace: String?) {
        let text = String(decoding: bytes.suffix(kept), as: UTF8.self)
        let marks = ["*** Program crashed", "💣 Program crashed", "*** Signal "]
        let start = marks.compactMap { text.range(of: $0, options: .backwards)?.lowerBound }.min()
        let lines = start.map { text[..<$0] } ?? text[...]
        let standardError = String(decoding: Array(lines.utf8).suffix(reported), as: UTF8.self)
        return (standardError, start.map { String(text[$0...]) })
    }
}
