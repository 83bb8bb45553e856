import Foundation
import Testing

/// The anti-patterns of the cookbook that literals show, in front of the compiler itself: an error on the token, and a program that compiles once the fix-it is applied.
@Suite struct CompilerTests {
    /// A misuse as a user writes it, with `▶` before the token that is wrong, a part of the error, and what the fix-it makes of it.
    struct AntiPattern {
        let marked: String
        let message: String
        let fixed: String?
        var source: String { marked.replacing("▶", with: "") }
        /// The column of the token, in bytes from 1.
        var column: Int { (marked.split(separator: "▶").first?.utf8.count ?? 0) + 1 }
    }

    static let antiPatterns: [AntiPattern] = [
        AntiPattern(
            marked: "@RelierTask(▶hardTimeout: .seconds(5)) func a1(x: Int) throws {}", message: "'hardTimeout' needs an 'async' function",
            fixed: "@RelierTask(hardTimeout: .seconds(5)) func a1(x: Int) async throws {}"),
        AntiPattern(
            marked: "@RelierTask(▶softTimeout: .seconds(5)) func a2() {}", message: "'softTimeout' needs an 'async' function",
            fixed: "@RelierTask(softTimeout: .seconds(5)) func a2() async {}"),
        AntiPattern(
            marked: "@RelierTask(softTimeout: ▶.seconds(10), hardTimeout: .seconds(8)) func a3() async {}",
            message: "must be shorter than the hard timeout",
            fixed: "@RelierTask(softTimeout: .seconds(8), hardTimeout: .seconds(10)) func a3() async {}"),
        AntiPattern(
            marked: #"@RelierTask(queue: ▶"re-queue") func a4() {}"#, message: "belongs to Relier's own recoveries",
            fixed: #"@RelierTask(queue: "default") func a4() {}"#),
        AntiPattern(
            marked: "@RelierTask(queue: ▶.requeue) func a5() {}", message: "belongs to Relier's own recoveries",
            fixed: #"@RelierTask(queue: "default") func a5() {}"#),
        AntiPattern(
            marked: "@RelierTask(idempotent: .automatic(ttl: ▶.seconds(30)), hardTimeout: .seconds(60)) func a6() async {}",
            message: "shorter than the hard timeout",
            fixed: "@RelierTask(idempotent: .automatic(ttl: .seconds(60)), hardTimeout: .seconds(60)) func a6() async {}"),
        AntiPattern(
            marked: "@RelierTask @▶RelierTask func a7() {}", message: "here a second time", fixed: "@RelierTask func a7() {}"),
        AntiPattern(
            marked: "@RelierTask(version: ▶0) func a8() {}", message: "versions start at 1", fixed: "@RelierTask(version: 1) func a8() {}"),
        AntiPattern(
            marked: "@RelierTask(retry: .fixed(every: .seconds(1), maxAttempts: ▶0)) func a9() {}", message: "at least 1 is needed",
            fixed: "@RelierTask(retry: .fixed(every: .seconds(1), maxAttempts: 1)) func a9() {}"),
        AntiPattern(marked: "@RelierTask func b1(x: ▶inout Int) {}", message: "cannot be 'inout'", fixed: nil),
        AntiPattern(marked: "@RelierTask func b2▶<T: Codable>(x: T) {}", message: "cannot be generic", fixed: nil),
        AntiPattern(
            marked: "@RelierTask(idempotent: .automatic) func b3(tags: ▶Set<Int>) {}", message: "order",
            fixed: "@RelierTask(idempotent: .automatic) func b3(tags: [Int]) {}"),
    ]

    @Test func everyAntiPatternIsAnErrorOnItsToken() throws {
        let patterns = Self.antiPatterns
        let output = try Self.compile(patterns.map(\.source))
        let errors = output.split(separator: "\n").filter { $0.contains("main.swift:") && $0.contains(": error: ") }
        for (line, pattern) in zip(2..., patterns) {
            let place = "main.swift:\(line):\(pattern.column): error: "
            let found = errors.filter { $0.contains("main.swift:\(line):") }
            #expect(
                found.contains { $0.contains(place) && $0.contains(pattern.message) },
                "\(pattern.marked): expected '\(pattern.message)' at column \(pattern.column); found \(found)\n\(output.prefix(2000))")
        }
    }

    @Test func whatTheFixItsMakeOfThemCompiles() throws {
        // The fix-its are those of the macro, applied as an editor applies them.
        for pattern in Self.antiPatterns {
            #expect(Expanded.fixed(pattern.source, by: Expanded(pattern.source).findings) == pattern.fixed, "\(pattern.marked)")
        }
        let output = try Self.compile(Self.antiPatterns.compactMap(\.fixed))
        #expect(!output.contains("error:"), "\(output.prefix(4000))")
    }

    /// Type-checks a module of these lines behind one that imports Relier; gives what the compiler says.
    private static func compile(_ lines: [String]) throws -> String {
        let products = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("relier-compiler-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let source = directory.appendingPathComponent("main.swift")
        try (["import Relier"] + lines).joined(separator: "\n").write(to: source, atomically: true, encoding: .utf8)
        let compiler = Process()
        compiler.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        compiler.arguments =
            [
                "swiftc", "-typecheck", "-parse-as-library", "-swift-version", "6", "-module-name", "Misused", source.path,
                "-I", products.appendingPathComponent("Modules").path,
                "-load-plugin-executable", products.appendingPathComponent("RelierMacros-tool").path + "#RelierMacros",
            ] + moduleMaps(of: products).flatMap { ["-Xcc", "-fmodule-map-file=\($0)"] }
        let pipe = Pipe()
        compiler.standardOutput = pipe
        compiler.standardError = pipe
        try compiler.run()
        let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
        compiler.waitUntilExit()
        return String(decoding: output, as: UTF8.self)
    }

    /// The maps of the C modules below what Relier imports: those that the build made, and the one that this package has.
    private static func moduleMaps(of products: URL) -> [String] {
        let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let made = (try? FileManager.default.contentsOfDirectory(at: products, includingPropertiesForKeys: nil)) ?? []
        // What plug-ins are built of is there a second time, as "-tool".
        return made.filter { $0.lastPathComponent.hasSuffix(".build") && !$0.lastPathComponent.hasSuffix("-tool.build") }
            .map { $0.appendingPathComponent("module.modulemap").path }
            .filter { FileManager.default.fileExists(atPath: $0) } + [package.appendingPathComponent("Sources/CZlib/module.modulemap").path]
    }
}
