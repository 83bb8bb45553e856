import SwiftSyntax
import SwiftSyntaxBuilder

/// The function of a task, as its declaration says.
struct TaskFunction {
    let declaration: FunctionDeclSyntax
    let surroundings: Surroundings
    let parameters: [TaskParameter]

    init(_ declaration: FunctionDeclSyntax, in surroundings: Surroundings) {
        self.declaration = declaration
        self.surroundings = surroundings
        parameters = declaration.signature.parameterClause.parameters.map(TaskParameter.init)
    }

    /// The parameters that are stored, in their order.
    var arguments: [TaskParameter] { parameters.filter { !$0.isContext } }

    /// The function's name without backticks.
    var name: String { declaration.name.identifier?.name ?? declaration.name.text }

    /// The task's name where none is given: `function` or `Type.function`.
    var defaultName: String { surroundings.typePath.map { "\($0).\(name)" } ?? name }

    var isAsync: Bool { declaration.signature.effectSpecifiers?.asyncSpecifier != nil }

    var canThrow: Bool {
        guard let clause = declaration.signature.effectSpecifiers?.throwsClause else { return false }
        return clause.type?.trimmedDescription != "Never"
    }

    /// What the function returns; `nil` for nothing.
    var output: TypeSyntax? {
        guard let type = declaration.signature.returnClause?.type else { return nil }
        return ["Void", "Swift.Void", "()"].contains(type.trimmedDescription) ? nil : type
    }

    /// The access of the type to make; `nil` where none is written.
    var access: String? { declaration.modifiers.access ?? surroundings.inheritedAccess }

    /// Where to write `async`: right after the parameters.
    var effectsPosition: AbsolutePosition { declaration.signature.parameterClause.endPositionBeforeTrailingTrivia }
}

/// One parameter of a task's function.
struct TaskParameter {
    let syntax: FunctionParameterSyntax

    init(_ syntax: FunctionParameterSyntax) { self.syntax = syntax }

    /// The token of the name that the body uses.
    var nameToken: TokenSyntax { syntax.secondName ?? syntax.firstName }

    /// That name without backticks: the key in the payload.
    var name: String { nameToken.identifier?.name ?? nameToken.text }

    var isUnnamed: Bool { nameToken.tokenKind == .wildcard }

    /// The name as source code declares it.
    var declaredName: String { Self.needsBackticks(nameToken, name) ? "`\(name)`" : name }

    /// The name after a dot, where most keywords need no backticks.
    var memberName: String {
        Self.isPlain(name) && !["self", "init", "Type", "Self", "Protocol"].contains(name) ? name : "`\(name)`"
    }

    /// The label at the call; `nil` for `_`.
    var label: String? {
        guard syntax.firstName.tokenKind != .wildcard else { return nil }
        let text = syntax.firstName.identifier?.name ?? syntax.firstName.text
        return Self.isPlain(text) && !["inout", "let", "var"].contains(text) ? text : "`\(text)`"
    }

    /// `label name` or `name`, as in the function.
    var declaredNames: String {
        guard syntax.secondName != nil else { return syntax.firstName.text }
        return "\(syntax.firstName.text) \(nameToken.text)"
    }

    /// The type without `borrowing`, `sending` and the like, which say nothing about a stored value.
    var type: TypeSyntax {
        guard let attributed = syntax.type.as(AttributedTypeSyntax.self) else { return syntax.type.trimmed }
        return attributed.baseType.trimmed
    }

    var isContext: Bool { type.trimmedDescription == "TaskContext" }

    /// The declared default.
    var defaultValue: ExprSyntax? { syntax.defaultValue?.value.trimmed }

    /// The `T` of a parameter that is `nil` when nothing is said about it: `T?`, without a default or with `nil`.
    var wrappedType: TypeSyntax? {
        guard defaultValue == nil || defaultValue?.is(NilLiteralExprSyntax.self) == true else { return nil }
        if let optional = type.as(OptionalTypeSyntax.self) { return optional.wrappedType.trimmed }
        if let named = type.as(IdentifierTypeSyntax.self), named.name.text == "Optional",
            let argument = named.genericArgumentClause?.arguments.first
        {
            return TypeSyntax("\(argument.argument.trimmed)")
        }
        return nil
    }

    private static func needsBackticks(_ token: TokenSyntax, _ name: String) -> Bool {
        !isPlain(name) || reserved.contains(name)
    }

    private static func isPlain(_ name: String) -> Bool {
        guard let first = name.unicodeScalars.first, !("0"..."9").contains(Character(first)) else { return false }
        return name.unicodeScalars.allSatisfy { $0 == "_" || $0.properties.isXIDContinue }
    }

    /// The keywords that cannot name a property without backticks.
    private static let reserved: Set<String> = [
        "associatedtype", "class", "deinit", "enum", "extension", "fileprivate", "func", "import", "init", "inout", "internal", "let",
        "operator", "precedencegroup", "private", "protocol", "public", "rethrows", "static", "struct", "subscript", "typealias", "var",
        "break", "case", "catch", "continue", "default", "defer", "do", "else", "fallthrough", "for", "guard", "if", "in", "repeat",
        "return", "throw", "switch", "where", "while", "Any", "as", "await", "false", "is", "nil", "self", "Self", "super", "throws",
        "true", "try", "Type", "Protocol",
    ]
}
