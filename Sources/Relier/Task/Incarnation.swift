/// One worker's life with one lease: made when it joins, never used again after its lease ended.
public struct Incarnation: Identifier128 {
    public let high: UInt64
    public let low: UInt64

    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// A fresh one (UUIDv7).
    public static func next() -> Incarnation {
        let id = TaskID.next()
        return Incarnation(high: id.high, low: id.low)
    }
}
