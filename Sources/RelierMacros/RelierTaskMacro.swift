import SwiftDiagnostics
public import SwiftSyntax
public import SwiftSyntaxMacros

/// Makes the type `$f` of a global or static function `f`: its arguments as stored properties, its call as the body.
///
/// With any misuse there is no expansion, only diagnostics.
public struct RelierTaskMacro: PeerMacro {
    public static func expansion(
        of node: AttributeSyntax, providingPeersOf declaration: some DeclSyntaxProtocol, in context: some MacroExpansionContext
    ) throws -> [DeclSyntax] {
        if isRepeated(node, on: declaration, in: context) {
            context.diagnose(
                .misuse(
                    "a function is one task: '@RelierTask' is here a second time", at: node.attributeName,
                    fixIts: [.text("remove this '@RelierTask'", replacing: node.position..<node.endPosition, with: "", in: node)]))
            return []
        }
        let arguments = MacroArguments(node)
        let surroundings = Surroundings(context.lexicalContext, of: declaration)
        var problems = Placement.problems(of: declaration, in: surroundings, attribute: node)
        guard problems.isEmpty, let declaration = declaration.as(FunctionDeclSyntax.self) else {
            problems.forEach(context.diagnose)
            return []
        }
        let function = TaskFunction(declaration, in: surroundings)
        problems += SignatureChecks.problems(of: function)
        problems += EffectChecks.problems(of: function, arguments: arguments)
        problems += OptionChecks.problems(of: arguments)
        problems += MigrationChecks.problems(of: arguments)
        problems += ScheduleChecks.problems(of: arguments, function: function)
        problems += KeyChecks.problems(of: arguments, function: function)
        problems += LimitChecks.problems(of: arguments, function: function)
        problems += HiddenNames.problems(of: function, arguments: arguments)
        guard problems.isEmpty else {
            problems.forEach(context.diagnose)
            return []
        }
        return Expansion(function: function, arguments: arguments, context: context).declarations
    }

    /// Whether another `@RelierTask` stands before this one; each of them is expanded on its own.
    private static func isRepeated(
        _ node: AttributeSyntax, on declaration: some DeclSyntaxProtocol, in context: some MacroExpansionContext
    ) -> Bool {
        guard let attributes = declaration.asProtocol((any WithAttributesSyntax).self)?.attributes else { return false }
        let mine = attributes.compactMap { $0.as(AttributeSyntax.self) }.filter {
            $0.attributeName.trimmedDescription == node.attributeName.trimmedDescription
        }
        guard mine.count > 1, let first = mine.first else { return false }
        guard let here = context.location(of: node), let there = context.location(of: first) else { return false }
        return here.line.trimmedDescription != there.line.trimmedDescription
            || here.column.trimmedDescription != there.column.trimmedDescription
    }
}
