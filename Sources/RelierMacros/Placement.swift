import SwiftDiagnostics
import SwiftSyntax

/// Where `@RelierTask` may stand: at a global or static function that is not generic.
enum Placement {
    static func problems(of declaration: some DeclSyntaxProtocol, in surroundings: Surroundings, attribute: AttributeSyntax) -> [Diagnostic]
    {
        guard let function = declaration.as(FunctionDeclSyntax.self) else {
            return [
                .misuse(
                    "'@RelierTask' makes a task of a function; attach it to a global or static function",
                    at: introducer(of: declaration) ?? Syntax(attribute.attributeName))
            ]
        }
        if surroundings.isLocal {
            return [
                .misuse(
                    "a function inside another body cannot be a task: workers could not find it; move '\(function.name.text)' to file scope or "
                        + "make it a static function of a type",
                    at: function.name)
            ]
        }
        if case .identifier = function.name.tokenKind {
        } else {
            return [.misuse("an operator cannot be a task; give the work a function with a name", at: function.name)]
        }
        if surroundings.type?.is(ProtocolDeclSyntax.self) == true {
            return [
                .misuse(
                    "a protocol's requirement has no body to run; attach '@RelierTask' to a global or static function that has one",
                    at: function.name)
            ]
        }
        if surroundings.type != nil, let problem = instanceMethod(function) { return [problem] }
        if let clause = function.genericParameterClause {
            return [.misuse("a task's function cannot be generic: its arguments are stored as JSON of known types", at: clause)]
        }
        if let clause = function.genericWhereClause {
            return [
                .misuse("a task's function cannot be generic: its arguments are stored as JSON of known types", at: clause.whereKeyword)
            ]
        }
        if surroundings.genericClause != nil {
            return [
                .misuse(
                    "a task cannot be a member of a generic type: workers could not tell for which type to run it; move it to file scope or "
                        + "to a type without generic parameters", at: function.name)
            ]
        }
        return []
    }

    private static func instanceMethod(_ function: FunctionDeclSyntax) -> Diagnostic? {
        if function.modifiers.first(.static) != nil { return nil }
        let message =
            "'\(function.name.text)' is an instance method; a worker has no instance to call it on: make it static and pass what it needs as arguments"
        if let modifier = function.modifiers.first(.class) {
            return .misuse(
                "a task's function cannot be overridden: make it static", at: modifier,
                fixIts: [.replace(modifier.name, with: "static", "make it static")])
        }
        for keyword in [Keyword.mutating, .nonmutating, .consuming, .borrowing] {
            if let modifier = function.modifiers.first(keyword) {
                return .misuse(message, at: function.name, fixIts: [.replace(modifier.name, with: "static", "make it static")])
            }
        }
        let position = function.funcKeyword.positionAfterSkippingLeadingTrivia
        return .misuse(
            message, at: function.name, fixIts: [.text("make it static", replacing: position..<position, with: "static ", in: function)])
    }

    private static func introducer(of declaration: some DeclSyntaxProtocol) -> Syntax? {
        if let group = declaration.asProtocol((any DeclGroupSyntax).self) { return Syntax(group.introducer) }
        switch DeclSyntax(declaration).as(DeclSyntaxEnum.self) {
        case .initializerDecl(let it): return Syntax(it.initKeyword)
        case .deinitializerDecl(let it): return Syntax(it.deinitKeyword)
        case .subscriptDecl(let it): return Syntax(it.subscriptKeyword)
        case .variableDecl(let it): return Syntax(it.bindingSpecifier)
        case .typeAliasDecl(let it): return Syntax(it.typealiasKeyword)
        case .enumCaseDecl(let it): return Syntax(it.caseKeyword)
        default: return nil
        }
    }
}
