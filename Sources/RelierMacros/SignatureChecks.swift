import SwiftDiagnostics
import SwiftSyntax

/// What a task's function may take and return: named values of types that JSON can carry.
enum SignatureChecks {
    static func problems(of function: TaskFunction) -> [Diagnostic] {
        var problems = function.parameters.compactMap(problem(of:))
        let contexts = function.parameters.filter(\.isContext)
        if contexts.count > 1 {
            problems.append(.misuse("a task has one context; remove this second 'TaskContext' parameter", at: contexts[1].syntax.type))
        }
        if let output = function.output, let problem = TypeChecks.problem(of: output, role: .result) {
            problems.append(problem)
        }
        return problems
    }

    private static func problem(of parameter: TaskParameter) -> Diagnostic? {
        let syntax = parameter.syntax
        if let attribute = syntax.attributes.first {
            return .misuse("a task's parameter cannot have an attribute: only its plain value is stored", at: attribute)
        }
        if let modifier = syntax.modifiers.first {
            return .misuse("a task's parameter cannot be '\(modifier.name.text)'", at: modifier)
        }
        if let attributed = syntax.type.as(AttributedTypeSyntax.self) {
            for case .simpleTypeSpecifier(let specifier) in attributed.specifiers {
                switch specifier.specifier.tokenKind {
                case .keyword(.inout):
                    return .misuse(
                        "a task's parameter cannot be 'inout': the body runs in another process; return the changed value",
                        at: specifier.specifier)
                case .keyword(.isolated):
                    return .misuse("a task's parameter cannot be 'isolated': an actor cannot be stored", at: specifier.specifier)
                default:
                    break
                }
            }
        }
        if let ellipsis = syntax.ellipsis {
            let range = parameter.type.trimmedDescription
            let start = syntax.type.positionAfterSkippingLeadingTrivia
            return .misuse(
                "a task's parameter cannot be variadic; take an array", at: ellipsis,
                fixIts: [
                    .text("take '[\(range)]'", replacing: start..<ellipsis.endPositionBeforeTrailingTrivia, with: "[\(range)]", in: syntax)
                ])
        }
        if parameter.isContext { return nil }
        if parameter.isUnnamed {
            return .misuse("a task's parameter needs a name: it is the argument's key in the stored payload", at: parameter.nameToken)
        }
        if ["self", "Self", "CodingKeys"].contains(parameter.name) {
            return .misuse("'\(parameter.name)' cannot name an argument of a task; choose another name", at: parameter.nameToken)
        }
        return TypeChecks.problem(of: syntax.type, role: .argument)
    }
}

/// Types that cannot be stored as JSON, wherever in another type they stand.
enum TypeChecks {
    enum Role {
        case argument
        case result

        var text: String { self == .argument ? "a task's argument" : "a task's result" }
    }

    static func problem(of type: TypeSyntax, role: Role) -> Diagnostic? {
        let visitor = Visitor(role: role)
        visitor.walk(type)
        return visitor.found
    }

    private final class Visitor: SyntaxVisitor {
        let role: Role
        var found: Diagnostic?

        init(role: Role) {
            self.role = role
            super.init(viewMode: .sourceAccurate)
        }

        private func report(_ message: String, at node: some SyntaxProtocol, fixIts: [FixIt] = []) -> SyntaxVisitorContinueKind {
            if found == nil { found = .misuse(message, at: node, fixIts: fixIts) }
            return .skipChildren
        }

        override func visit(_ node: AttributedTypeSyntax) -> SyntaxVisitorContinueKind {
            guard let attribute = node.attributes.first, node.baseType.is(FunctionTypeSyntax.self) else { return .visitChildren }
            return report("\(role.text) cannot be a closure: it is stored as JSON; pass the data that the work needs", at: attribute)
        }

        override func visit(_ node: FunctionTypeSyntax) -> SyntaxVisitorContinueKind {
            report("\(role.text) cannot be a closure: it is stored as JSON; pass the data that the work needs", at: node)
        }

        override func visit(_ node: SomeOrAnyTypeSyntax) -> SyntaxVisitorContinueKind {
            let word = node.someOrAnySpecifier.text
            return report(
                "\(role.text) cannot be '\(word)': what is stored as JSON is read back as one known type; name a 'Codable & Sendable' type",
                at: node.someOrAnySpecifier)
        }

        override func visit(_ node: ImplicitlyUnwrappedOptionalTypeSyntax) -> SyntaxVisitorContinueKind {
            report(
                "\(role.text) cannot be implicitly unwrapped: a stored 'null' would trap", at: node.exclamationMark,
                fixIts: [.replace(node.exclamationMark, with: "?", "use '\(node.wrappedType.trimmedDescription)?'")])
        }

        override func visit(_ node: TupleTypeSyntax) -> SyntaxVisitorContinueKind {
            if node.elements.count == 1 { return .visitChildren }
            return report("\(role.text) cannot be a tuple, which is not 'Codable'; use a struct", at: node)
        }

        override func visit(_ node: MetatypeTypeSyntax) -> SyntaxVisitorContinueKind {
            report("\(role.text) cannot be a type, which is not 'Codable'", at: node)
        }

        override func visit(_ node: CompositionTypeSyntax) -> SyntaxVisitorContinueKind {
            report("\(role.text) must be one known type that is 'Codable & Sendable'", at: node)
        }

        override func visit(_ node: OptionalTypeSyntax) -> SyntaxVisitorContinueKind {
            guard role == .argument, node.wrappedType.trimmedDescription == "TaskContext" else { return .visitChildren }
            return report(
                "the context is always there: it cannot be optional", at: node.questionMark,
                fixIts: [.replace(node, with: "TaskContext")])
        }

        override func visit(_ node: MemberTypeSyntax) -> SyntaxVisitorContinueKind {
            guard node.trimmedDescription == "Relier.TaskContext" else { return .visitChildren }
            return report(
                "'Relier' is also a type, so 'Relier.TaskContext' names nothing", at: node, fixIts: [.replace(node, with: "TaskContext")])
        }

        override func visit(_ node: IdentifierTypeSyntax) -> SyntaxVisitorContinueKind {
            switch node.name.text {
            case "TaskContext":
                return report("\(role.text) cannot hold the context; take it as a parameter of its own, of type 'TaskContext'", at: node)
            case "Any", "AnyObject", "AnyHashable":
                return report(
                    "\(role.text) cannot be '\(node.name.text)', which is not 'Codable'; name a 'Codable & Sendable' type", at: node)
            case "Output", "CodingKeys":
                return report(
                    "inside the task's type '\(node.name.text)' means something else; write the type's full name or rename it", at: node)
            default:
                return .visitChildren
            }
        }
    }
}
