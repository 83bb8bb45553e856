import SwiftDiagnostics
import SwiftSyntax
import SwiftSyntaxBuilder

/// The argument `idempotent:`, as far as it is written out.
struct KeyOption {
    /// The literals of `.key("a", "b")`; `nil` where all arguments count.
    let names: [ExprSyntax]?
    let lifetime: ExprSyntax?
    let expression: ExprSyntax

    init?(_ expression: ExprSyntax) {
        self.expression = expression
        if Literal.isMember(expression, "automatic", of: "Idempotency") {
            names = nil
            lifetime = nil
            return
        }
        guard let call = expression.as(FunctionCallExprSyntax.self) else { return nil }
        lifetime = call.arguments.first { $0.label?.text == "ttl" }?.expression
        if Literal.isMember(call.calledExpression, "automatic", of: "Idempotency") {
            names = nil
        } else if Literal.isMember(call.calledExpression, "key", of: "Idempotency") {
            // Not `filter`, which makes a collection of its own, without positions in the source.
            names = call.arguments.compactMap { $0.label == nil ? $0.expression : nil }
        } else {
            return nil
        }
    }

    /// Those of a function's arguments that make the key.
    func keyed(_ function: TaskFunction) -> [TaskParameter] {
        guard let names else { return function.arguments }
        let chosen = names.compactMap(Literal.string)
        return function.arguments.filter { chosen.contains($0.name) }
    }
}

/// Keys that name no argument, or whose arguments have no order that two pushes would share.
enum KeyChecks {
    static func problems(of arguments: MacroArguments, function: TaskFunction) -> [Diagnostic] {
        guard let option = arguments.expression("idempotent").flatMap(KeyOption.init) else { return [] }
        return names(option, function) + option.keyed(function).compactMap { UnorderedTypes.problem(of: $0) }
    }

    private static func names(_ option: KeyOption, _ function: TaskFunction) -> [Diagnostic] {
        guard let names = option.names else { return [] }
        if names.isEmpty {
            return [.misuse("'.key' names no argument; name at least one, or use '.automatic' for all of them", at: option.expression)]
        }
        let known = function.arguments.map(\.name)
        var seen: Set<String> = []
        return names.compactMap { expression in
            guard let name = Literal.string(expression) else { return nil }
            if !seen.insert(name).inserted { return .misuse("'\(name)' is named twice", at: expression) }
            if known.contains(name) { return nil }
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

/// Types whose JSON differs from run to run for equal values: sets, and dictionaries that are written as arrays.
enum UnorderedTypes {
    static func problem(of parameter: TaskParameter) -> Diagnostic? {
        let visitor = Visitor(argument: parameter.name)
        visitor.walk(parameter.syntax.type)
        return visitor.found
    }

    /// The key types of dictionaries of which only the compiler knows whether they become JSON objects.
    static func uncertainKeys(of parameter: TaskParameter) -> [TypeSyntax] {
        let visitor = Visitor(argument: parameter.name)
        visitor.walk(parameter.syntax.type)
        return visitor.uncertain
    }

    /// Keys that become the names of a JSON object, whose order is fixed.
    private static let named: Set<String> = ["String", "Swift.String", "Int", "Swift.Int"]
    private static let unnamed: Set<String> = [
        "Int8", "Int16", "Int32", "Int64", "UInt", "UInt8", "UInt16", "UInt32", "UInt64", "Double", "Float", "Bool", "Character", "Date",
        "URL", "UUID", "Decimal", "Data", "TaskID", "Duration",
    ]

    private final class Visitor: SyntaxVisitor {
        let argument: String
        var found: Diagnostic?
        var uncertain: [TypeSyntax] = []

        init(argument: String) {
            self.argument = argument
            super.init(viewMode: .sourceAccurate)
        }

        override func visit(_ node: IdentifierTypeSyntax) -> SyntaxVisitorContinueKind {
            inspect(node, node.name.text, node.genericArgumentClause)
        }

        override func visit(_ node: MemberTypeSyntax) -> SyntaxVisitorContinueKind {
            guard node.baseType.trimmedDescription == "Swift" else { return .visitChildren }
            return inspect(node, node.name.text, node.genericArgumentClause)
        }

        override func visit(_ node: DictionaryTypeSyntax) -> SyntaxVisitorContinueKind {
            inspect(key: node.key, at: node)
            return .visitChildren
        }

        private func inspect(_ node: some TypeSyntaxProtocol, _ name: String, _ clause: GenericArgumentClauseSyntax?)
            -> SyntaxVisitorContinueKind
        {
            guard let first = clause?.arguments.first else { return .visitChildren }
            if name == "Set" {
                let array = "[\(first.argument.trimmedDescription)]"
                report(
                    "a Set has no order of its own, so two pushes of equal sets would get different keys; take a sorted array, or name "
                        + "the arguments of the key without '\(argument)'", at: node, fixIts: [.replace(node, with: array)])
                return .skipChildren
            }
            if name == "Dictionary" { inspect(key: TypeSyntax("\(first.argument.trimmed)"), at: node) }
            return .visitChildren
        }

        private func inspect(key: TypeSyntax, at node: some TypeSyntaxProtocol) {
            let name = key.trimmedDescription
            if UnorderedTypes.named.contains(name) { return }
            let isKnown =
                UnorderedTypes.unnamed.contains(name)
                || UnorderedTypes.unnamed.contains { "Swift.\($0)" == name || "Foundation.\($0)" == name }
            guard isKnown || key.is(TupleTypeSyntax.self) || key.is(ArrayTypeSyntax.self) || key.is(OptionalTypeSyntax.self) else {
                uncertain.append(key.trimmed)
                return
            }
            report(
                "a dictionary with '\(name)' keys is stored as an array in random order, so two pushes of equal dictionaries would get different "
                    + "keys; use String keys, or name the arguments of the key without '\(argument)'", at: node)
        }

        private func report(_ message: String, at node: some SyntaxProtocol, fixIts: [FixIt] = []) {
            if found == nil { found = .misuse(message, at: node, fixIts: fixIts) }
        }
    }
}
