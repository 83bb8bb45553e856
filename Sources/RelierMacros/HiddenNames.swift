import SwiftDiagnostics
import SwiftSyntax

/// Names in copied expressions that would mean something else inside the task's type.
enum HiddenNames {
    static func problems(of function: TaskFunction, arguments: MacroArguments) -> [Diagnostic] {
        let copied = function.arguments.compactMap { $0.syntax.defaultValue?.value } + arguments.all.map(\.expression)
        let hiding = Expansion.members.union(function.arguments.map(\.name)).union(["container", "decoder"])
        return copied.flatMap { expression in
            let visitor = Visitor(hiding)
            visitor.walk(expression)
            return visitor.found.map { token -> Diagnostic in
                let qualified: String? = function.surroundings.typePath.map { "\($0).\(token.text)" }
                let advice = qualified.map { "write '\($0)'" } ?? "rename the argument or what it hides"
                let fixIts: [FixIt] = qualified.map { [FixIt.replace(token, with: $0)] } ?? []
                return .misuse("'\(token.text)' is hidden here by a member of the task's type; \(advice)", at: token, fixIts: fixIts)
            }
        }
    }

    private final class Visitor: SyntaxVisitor {
        let hiding: Set<String>
        var found: [TokenSyntax] = []

        init(_ hiding: Set<String>) {
            self.hiding = hiding
            super.init(viewMode: .sourceAccurate)
        }

        // A closure has names of its own, which need not be looked up outside.
        override func visit(_ node: ClosureExprSyntax) -> SyntaxVisitorContinueKind { .skipChildren }

        override func visit(_ node: DeclReferenceExprSyntax) -> SyntaxVisitorContinueKind {
            if node.parent?.as(MemberAccessExprSyntax.self)?.declName.id == node.id { return .skipChildren }
            if hiding.contains(node.baseName.identifier?.name ?? node.baseName.text) { found.append(node.baseName) }
            return .skipChildren
        }
    }
}
