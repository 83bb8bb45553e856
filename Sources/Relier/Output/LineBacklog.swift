/// Lines that wait for a slow reader: bounded, so that what does not fit is dropped whole, counted, and told where it is missing. Pure.
struct LineBacklog: Sendable {
    /// How many bytes wait or are being written, at most, the line that tells of dropped ones apart.
    let limit: Int
    private var waiting: [UInt8] = []
    private var underWay = 0
    private(set) var dropped = 0
    /// Lines are dropped until half of the room is free again, so that few notices tell of many lines.
    private var isDropping = false
    /// How many bytes were ever accepted, and written: the difference is what waits.
    private(set) var accepted: UInt64 = 0
    private(set) var written: UInt64 = 0

    init(limit: Int) { self.limit = limit }

    /// Takes whole lines in.
    /// - Returns: `false` when they were dropped.
    mutating func append(_ lines: some Collection<UInt8>) -> Bool {
        let used = waiting.count + underWay
        if isDropping && used <= limit / 2 { isDropping = false }
        guard !isDropping, used + lines.count <= limit else {
            isDropping = true
            dropped += Self.count(lines)
            return false
        }
        tellOfDropped()
        accept(lines)
        return true
    }

    /// What is to be written next; `nil` when nothing waits. Ends with ``finished()`` or ``failed(_:)``.
    mutating func next() -> [UInt8]? {
        if isDropping && waiting.count <= limit / 2 {
            isDropping = false
            tellOfDropped()
        }
        if waiting.isEmpty { return nil }
        defer { waiting = [] }
        underWay = waiting.count
        return waiting
    }

    /// All of ``next()`` was written.
    mutating func finished() {
        written += UInt64(underWay)
        underWay = 0
    }

    /// The end of ``next()`` could not be written. It is not tried again: the next lines tell how many are missing.
    mutating func failed(_ rest: some Collection<UInt8>) {
        finished()
        dropped += Self.count(rest)
    }

    private mutating func tellOfDropped() {
        if dropped == 0 { return }
        accept("relier: \(dropped) \(dropped == 1 ? "line is" : "lines are") missing here: nobody read them in time\n".utf8)
        dropped = 0
    }

    private mutating func accept(_ bytes: some Collection<UInt8>) {
        waiting += bytes
        accepted += UInt64(bytes.count)
    }

    private static func count(_ bytes: some Collection<UInt8>) -> Int { max(1, bytes.count { $0 == UInt8(ascii: "\n") }) }
}
