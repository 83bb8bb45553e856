import Foundation

/// Where the airports are.
enum AirportData {
    /// How many rows the file has.
    static let count = 3376

    /// The file's path: `COOKBOOK_AIRPORTS` if that is set, else the one in the source tree that this was built from.
    static var path: String {
        if let path = ProcessInfo.processInfo.environment["COOKBOOK_AIRPORTS"], !path.isEmpty { return path }
        return URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Data/airports.csv").path
    }
}
