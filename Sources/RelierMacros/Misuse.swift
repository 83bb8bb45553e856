import SwiftDiagnostics
import SwiftSyntax

struct Misuse: DiagnosticMessage {
    let message: String
    var severity: DiagnosticSeverity { .error }
    var diagnosticID: MessageID { MessageID(domain: "RelierMacros", id: "misuse") }
}

struct Remedy: FixItMessage {
    let message: String
    var fixItID: MessageID { MessageID(domain: "RelierMacros", id: "remedy") }
}

struct Hint: NoteMessage {
    let message: String
    var noteID: MessageID { MessageID(domain: "RelierMacros", id: "hint") }
}

extension Diagnostic {
    static func misuse(_ message: String, at node: some SyntaxProtocol, notes: [Note] = [], fixIts: [FixIt] = []) -> Diagnostic {
        Diagnostic(node: node, message: Misuse(message: message), notes: notes, fixIts: fixIts)
    }
}

extension FixIt {
    /// Replaces the text of a node, its surrounding spaces and comments kept.
    static func replace(_ node: some SyntaxProtocol, with text: String, _ message: String? = nil) -> FixIt {
        .text(
            message ?? "use '\(text)'", replacing: node.positionAfterSkippingLeadingTrivia..<node.endPositionBeforeTrailingTrivia,
            with: text, in: node)
    }

    static func text(
        _ message: String, replacing range: Range<AbsolutePosition>, with text: String, in node: some SyntaxProtocol
    ) -> FixIt {
        FixIt(message: Remedy(message: message), changes: [.replaceText(range: range, with: text, in: Syntax(node))])
    }
}
