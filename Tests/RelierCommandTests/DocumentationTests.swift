import Foundation
import Testing

@testable import RelierCommand

/// `docs/configuration.md` is a rendering of the table of settings.
@Suite struct DocumentationTests {
    private static let page = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().appending(path: "docs/configuration.md")

    @Test(.enabled(if: FileManager.default.fileExists(atPath: page.path))) func everySettingIsDocumentedAsItIs() throws {
        let lines = try String(contentsOf: Self.page, encoding: .utf8).split(separator: "\n").map(String.init)
        let rows = lines.filter { $0.hasPrefix("| `RELIER_") }
        #expect(Set(rows) == Set(SettingsTable.all.map(\.documentationRow)))
        #expect(rows.count == SettingsTable.all.count)
    }
}

extension SettingDescription {
    fileprivate var documentationRow: String {
        "| `\(variable)` | \(defaultText.map { "`\($0)`" } ?? "none") | \(allowed) | \(help) |"
    }
}
