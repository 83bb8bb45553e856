import SwiftDiagnostics
import SwiftSyntax

/// One element of `limits:`, as far as it is written out.
private struct LimitOption {
    let call: FunctionCallExprSyntax
    let isRate: Bool
    let maximum: ExprSyntax?
    let window: ExprSyntax?
    let names: [ExprSyntax]

    init?(_ expression: ExprSyntax) {
        guard let call = expression.as(FunctionCallExprSyntax.self) else { return nil }
        let isRate = Literal.isMember(call.calledExpression, "rate", of: "TaskLimit")
        guard isRate || Literal.isMember(call.calledExpression, "concurrency", of: "TaskLimit") else { return nil }
        self.call = call
        self.isRate = isRate
        maximum = call.arguments.first.flatMap { $0.label == nil ? $0.expression : nil }
        window = call.arguments.first { $0.label?.text == "every" }?.expression
        // `per:` takes any number of names: the first has the label, the others none.
        let start = call.arguments.firstIndex { $0.label?.text == "per" }
        names = start.map { call.arguments[$0...].map(\.expression) } ?? []
    }

    /// What a task can have once.
    var sort: String { "\(isRate ? "rate" : "concurrency") limit \(names.isEmpty ? "of the whole task" : "with a key")" }
}

/// Limits that let nothing start, whose keys name no argument, or that come twice.
enum LimitChecks {
    static func problems(of arguments: MacroArguments, function: TaskFunction) -> [Diagnostic] {
        guard let list = arguments.expression("limits")?.as(ArrayExprSyntax.self) else { return [] }
        let limits = list.elements.compactMap { LimitOption($0.expression) }
        var sorts: Set<String> = []
        return limits.flatMap { limit in
            var problems = [maximum(limit), window(limit)].compactMap { $0 } + names(limit, function)
            if !sorts.insert(limit.sort).inserted {
                problems.append(.misuse("a task has one \(limit.sort); leave one of them", at: limit.call))
            }
            return problems
        }
    }

    private static func maximum(_ limit: LimitOption) -> Diagnostic? {
        guard let expression = limit.maximum, let maximum = Literal.integer(expression), maximum < 1 else { return nil }
        return .misuse(
            "a limit of \(maximum) lets nothing start; at least 1 is needed", at: expression, fixIts: [.replace(expression, with: "1")])
    }

    private static func window(_ limit: LimitOption) -> Diagnostic? {
        guard let expression = limit.window, let window = Literal.nanoseconds(expression), window < 1e6 else { return nil }
        return .misuse("the window of a rate is 1 ms or longer", at: expression)
    }

    private static func names(_ limit: LimitOption, _ function: TaskFunction) -> [Diagnostic] {
        let known = function.arguments.map(\.name)
        var seen: Set<String> = []
        return limit.names.compactMap { expression in
            guard let name = Literal.string(expression) else { return nil }
            if !seen.insert(name).inserted { return .misuse("'\(name)' is named twice", at: expression) }
            if let argument = function.arguments.first(where: { $0.name == name }) { return UnorderedTypes.problem(of: argument) }
            if function.parameters.contains(where: { $0.isContext && $0.name == name }) {
                return .misuse("'\(name)' is the context, which is not an argument and differs from run to run", at: expression)
            }
            let labelled = function.arguments.first { $0.label == name }?.name
            let nearest = labelled ?? NearestName.of(name, among: known.filter { !seen.contains($0) })
            let choice = known.isEmpty ? "it has none" : "it has \(known.map { "'\($0)'" }.joined(separator: ", "))"
            return .misuse(
                "'\(function.name)' has no argument '\(name)'; \(choice)", at: expression,
                fixIts: nearest.map { [.replace(expression, with: "\"\($0)\"")] } ?? [])
        }
    }
}
