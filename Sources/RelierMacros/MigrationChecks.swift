import SwiftDiagnostics
import SwiftSyntax

/// Migrations that can never run, stand twice, or leave a gap, as far as their versions are literals.
enum MigrationChecks {
    static func problems(of arguments: MacroArguments) -> [Diagnostic] {
        guard let argument = arguments.argument("migrations"), let label = argument.label,
            let list = argument.expression.as(ArrayExprSyntax.self),
            !list.elements.isEmpty
        else { return [] }
        let stated = arguments.expression("version")
        // `nil` for a version that only run time knows.
        let version: Int?
        if let stated { version = Literal.integer(stated) } else { version = 1 }
        if version == 1 {
            return [.misuse("'migrations' lead to version 1, to which none can lead; give a 'version' above 1", at: label)]
        }
        let steps = list.elements.map { $0.expression }.map(start)
        var problems: [Diagnostic] = []
        var seen: Set<Int> = []
        for case let (expression, from)? in steps {
            if from < 1 {
                problems.append(.misuse("a migration from version \(from) can never run; versions start at 1", at: expression))
            } else if let version, from >= version {
                problems.append(.misuse("a migration from version \(from) can never run, since the version is \(version)", at: expression))
            } else if !seen.insert(from).inserted {
                problems.append(.misuse("another migration starts from version \(from) too", at: expression))
            }
        }
        // A step whose version is not a literal may fill a gap.
        guard problems.isEmpty, steps.allSatisfy({ $0 != nil }) else { return problems }
        let sorted = steps.compactMap(\.self).sorted { $0.from < $1.from }
        for (step, next) in zip(sorted, sorted.dropFirst()) where next.from > step.from + 1 {
            problems.append(gap(after: step.from, at: next.expression))
        }
        if let version, let last = sorted.last, last.from < version - 1 { problems.append(gap(after: last.from, at: last.expression)) }
        return problems
    }

    private static func gap(after from: Int, at expression: ExprSyntax) -> Diagnostic {
        .misuse(
            "no migration starts from version \(from + 1); where nothing has to be done, add '.compatible(from: \(from + 1))'",
            at: expression)
    }

    /// The literal version that `Migration(from: 1) { … }`, `.init(from: 1, …)` or `.compatible(from: 1)` starts from.
    private static func start(_ expression: ExprSyntax) -> (expression: ExprSyntax, from: Int)? {
        guard let call = expression.as(FunctionCallExprSyntax.self),
            let argument = call.arguments.first, argument.label?.text == "from", let from = Literal.integer(argument.expression)
        else { return nil }
        let callee = call.calledExpression.trimmedDescription
        guard ["Migration", "Migration.init", ".init", "Migration.compatible", ".compatible"].contains(callee) else {
            return nil
        }
        return (argument.expression, from)
    }
}
