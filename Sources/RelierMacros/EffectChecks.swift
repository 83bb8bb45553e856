import SwiftDiagnostics
import SwiftSyntax

/// What only an `async` body can have: timeouts, and an actor of its own.
enum EffectChecks {
    static func problems(of function: TaskFunction, arguments: MacroArguments) -> [Diagnostic] {
        guard !function.isAsync else { return [] }
        var problems: [Diagnostic] = []
        let given = arguments.all.filter { !$0.expression.is(NilLiteralExprSyntax.self) }
        if let label = given.compactMap(\.label).first(where: { timeouts.contains($0.text) }) {
            let note = Note(
                node: Syntax(function.declaration.name),
                message: Hint(
                    message:
                        "declare it 'func \(function.name)(…) async'; for work that blocks its thread, set a deadline in the call that blocks"
                ))
            problems.append(
                .misuse(
                    "'\(label.text)' needs an 'async' function: a synchronous body cannot be cancelled, so a timeout would not end it",
                    at: label, notes: [note], fixIts: [addAsync(to: function)]))
        }
        if let attribute = function.declaration.attributes.first(where: \.isMainActor) {
            problems.append(.misuse(mainActor, at: attribute, fixIts: [addAsync(to: function)]))
        } else if function.surroundings.isOnMainActor, function.declaration.modifiers.first(.nonisolated) == nil {
            let position = function.declaration.funcKeyword.positionAfterSkippingLeadingTrivia
            problems.append(
                .misuse(
                    mainActor, at: function.declaration.name,
                    fixIts: [
                        .text(
                            "make it 'nonisolated'", replacing: position..<position, with: "nonisolated ", in: function.declaration)
                    ]))
        }
        return problems
    }

    private static let timeouts: Set<String> = ["softTimeout", "hardTimeout", "onSoftTimeout"]
    private static let mainActor =
        "a synchronous task runs on a thread of its own, never on the main actor; make it 'async' or 'nonisolated'"

    private static func addAsync(to function: TaskFunction) -> FixIt {
        let position = function.effectsPosition
        return .text("make it 'async'", replacing: position..<position, with: " async", in: function.declaration)
    }
}
