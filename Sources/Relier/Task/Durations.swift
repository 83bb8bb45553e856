extension Duration {
    /// `minutes` × 60 s.
    public static func minutes(_ minutes: some BinaryInteger) -> Duration { .seconds(Int64(minutes) * 60) }
    /// `hours` × 3600 s.
    public static func hours(_ hours: some BinaryInteger) -> Duration { .seconds(Int64(hours) * 3600) }
    /// `days` × 86,400 s; a day here is always 24 hours.
    public static func days(_ days: some BinaryInteger) -> Duration { .seconds(Int64(days) * 86_400) }

    /// Whole microseconds, rounded towards zero, held within `Int64`.
    package var microseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
        if overflow { return seconds < 0 ? .min : .max }
        let (sum, carried) = product.addingReportingOverflow(attoseconds / 1_000_000_000_000)
        return carried ? (seconds < 0 ? .min : .max) : sum
    }

    /// Seconds as a floating-point number, for people and logs.
    package var inSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}
