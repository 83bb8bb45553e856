import Foundation

/// Swift's own crash reporter, switched on for worker processes where it is installed.
enum Backtraces {
    /// The variable to add to a worker's environment; `nil` when the user set it, or there is no reporter.
    static func setting(environment: [String: String]) -> (name: String, value: String)? {
        let name = "SWIFT_BACKTRACE"
        guard environment[name] == nil, reporterExists else { return nil }
        // Fast symbols of the crashed thread only: until the report is written the process is not dead.
        return (
            name,
            "enable=yes,color=no,interactive=no,threads=crashed,images=none,registers=none,cache=no,symbolicate=fast,limit=32,output-to=stderr"
        )
    }

    private static let reporterExists: Bool = {
        guard let maps = try? String(contentsOfFile: "/proc/self/maps", encoding: .utf8),
            let line = maps.split(separator: "\n").first(where: { $0.hasSuffix("/libswiftCore.so") }),
            let path = line.split(separator: " ").last
        else { return false }
        // …/usr/lib/swift/linux/libswiftCore.so beside …/usr/libexec/swift/linux/swift-backtrace
        var root = URL(fileURLWithPath: String(path))
        for _ in 0..<4 { root.deleteLastPathComponent() }
        return FileManager.default.isExecutableFile(atPath: root.appendingPathComponent("libexec/swift/linux/swift-backtrace").path)
    }()
}
