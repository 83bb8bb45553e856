import Foundation
import TestSupport
import Testing

@testable import CookbookLibrary

extension WorkshopTests {
    /// The demo as it is run by hand, without a terminal.
    @Suite struct DemoTests {
        @Test func itLosesAndDoublesNothing() async throws {
            try await withTemporaryDirectory { directory in
                let output = directory.appendingPathComponent("output")
                try Data().write(to: output)
                let demo = Process()
                demo.executableURL = URL(fileURLWithPath: try CookbookExecutable.path())
                demo.arguments =
                    ["demo", "--json", "--seed", "7"] + (TestPlace.isFile ? [] : ["--url", TestPlace(in: directory.path).url])
                demo.currentDirectoryURL = directory
                demo.standardOutput = try FileHandle(forWritingTo: output)
                try demo.run()
                try await eventually("the end of the demo", within: .seconds(100)) { demo.isRunning ? nil : true }
                let line = try #require(try String(contentsOf: output, encoding: .utf8).split(separator: "\n").last)
                #expect(demo.terminationStatus == 0, "\(line)")
                let report = try JSONDecoder().decode(Report.self, from: Data(line.utf8))
                #expect(report.pushed == 1000)
                #expect(report.distinct == 800)
                #expect(report.committed == 800)
                #expect(report.airports == 3376)
                #expect(report.lost + report.committed_twice + report.charged_twice + report.unexplained_repeat_calls == 0)
                #expect(report.kills >= 3)
                #expect(report.traps == 1)
                #expect((report.recovered_by["observed-death"] ?? 0) > 0)
            }
        }
    }
}

/// The report's members by their names in the JSON.
private struct Report: Decodable {
    var pushed, distinct, committed, lost, committed_twice, charged_twice, unexplained_repeat_calls, kills, traps, airports: Int
    var recovered_by: [String: Int]
}
