import Foundation

/// The built program `cookbook`, beside the test bundle.
enum CookbookExecutable {
    /// - Throws: ``NeverHappened`` that names the places looked at.
    static func path() throws -> String {
        var directories: [URL] = []
        if let link = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") {
            directories.append(URL(fileURLWithPath: link).deletingLastPathComponent())
        }
        directories.append(Bundle.main.bundleURL)
        for argument in CommandLine.arguments where argument.contains(".xctest") {
            directories.append(URL(fileURLWithPath: argument).deletingLastPathComponent())
        }
        let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        directories.append(package.appendingPathComponent(".build/debug"))
        let candidates = directories.map { $0.appendingPathComponent("cookbook").path }
        guard let found = candidates.first(where: { FileManager.default.isExecutableFile(atPath: $0) }) else {
            throw NeverHappened(description: "no program 'cookbook'; looked for \(candidates.joined(separator: ", ")); build it first")
        }
        return found
    }
}
