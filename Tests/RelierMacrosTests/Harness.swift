import RelierMacros
import SwiftDiagnostics
import SwiftParser
import SwiftSyntax
import SwiftSyntaxMacroExpansion
import SwiftSyntaxMacros
import SwiftSyntaxMacrosGenericTestSupport
import Testing

let macroSpecs = ["RelierTask": MacroSpec(type: RelierTaskMacro.self)]

/// Compares a whole expansion with what is expected, without diagnostics.
func expectExpansion(_ source: String, _ expected: String, location: Testing.SourceLocation = #_sourceLocation) {
    assertMacroExpansion(source, expandedSource: expected, macroSpecs: macroSpecs) { failure in
        Issue.record(Comment(rawValue: failure.message), sourceLocation: location)
    }
}

/// A source after its macros, and what they complained about.
struct Expanded {
    struct Finding {
        let message: String
        /// Where it points to, in bytes from the start.
        let offset: Int
        let notes: [String]
        let edits: [(range: Range<Int>, text: String)]
    }

    let text: String
    let findings: [Finding]

    init(_ source: String) {
        let file = Parser.parse(source: source)
        let shared = BasicMacroExpansionContext(sourceFiles: [file: .init(moduleName: "Tests", fullFilePath: "test.swift")])
        let expanded = file.expand(
            macroSpecs: macroSpecs,
            contextGenerator: { BasicMacroExpansionContext(sharingWith: shared, lexicalContext: $0.allMacroLexicalContexts()) },
            indentationWidth: .spaces(4))
        func offset(_ position: AbsolutePosition, in node: some SyntaxProtocol) -> Int {
            shared.location(for: position, anchoredAt: Syntax(node), fileName: "test.swift").offset
        }
        text = expanded.description
        findings = shared.diagnostics.map { diagnostic in
            var edits: [(range: Range<Int>, text: String)] = []
            for change in diagnostic.fixIts.first?.changes ?? [] {
                guard case .replaceText(let range, let text, let node) = change else {
                    Issue.record("a fix-it with an unexpected kind of change")
                    continue
                }
                edits.append((offset(range.lowerBound, in: node)..<offset(range.upperBound, in: node), text))
            }
            return Finding(
                message: diagnostic.message, offset: offset(diagnostic.position, in: diagnostic.node),
                notes: diagnostic.notes.map(\.message),
                edits: edits)
        }
    }

    /// The source with the first fix-it of every finding applied; `nil` if there is none.
    static func fixed(_ source: String, by findings: [Finding]) -> String? {
        let edits = findings.flatMap(\.edits).sorted { $0.range.lowerBound > $1.range.lowerBound }
        guard !edits.isEmpty else { return nil }
        var bytes = Array(source.utf8)
        for edit in edits { bytes.replaceSubrange(edit.range, with: Array(edit.text.utf8)) }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// A source with `▶` before each token that an error points to, and a part of each error's text.
struct Misused: Sendable, CustomTestStringConvertible {
    let marked: String
    let messages: [String]
    /// The source with the fix-its applied; `nil` where there are none.
    let fixed: String?

    init(_ marked: String, _ messages: String..., fixed: String? = nil) {
        self.marked = marked
        self.messages = messages
        self.fixed = fixed
    }

    var testDescription: String { marked }

    var source: String { marked.replacing("▶", with: "") }

    /// The offsets of the marked tokens in ``source``.
    var offsets: [Int] {
        var offset = 0
        var found: [Int] = []
        for piece in marked.split(separator: "▶", omittingEmptySubsequences: false).dropLast() {
            offset += piece.utf8.count
            found.append(offset)
        }
        return found
    }

    /// Expects these errors at these tokens, no expansion, and a source without errors once the fix-its are applied.
    func check() {
        let expanded = Expanded(source)
        #expect(expanded.findings.map(\.offset).sorted() == offsets, "\(expanded.findings.map { ($0.offset, $0.message) })")
        #expect(expanded.findings.count == messages.count)
        for (finding, part) in zip(expanded.findings, messages) { #expect(finding.message.contains(part)) }
        let result = Expanded.fixed(source, by: expanded.findings)
        #expect(result == fixed)
        guard let result else { return }
        let again = Expanded(result)
        #expect(again.findings.isEmpty, "\(again.findings.map(\.message))")
        #expect(again.text.contains("nonisolated struct $"))
    }
}
