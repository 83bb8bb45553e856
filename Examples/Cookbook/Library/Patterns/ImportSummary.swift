/// What an import gives back.
struct ImportSummary: Codable, Sendable, Hashable {
    /// How many rows the file has; all of them are stored.
    var rows: Int
}
