import SwiftSyntax

/// What the compiler shows a macro of the code around a declaration: the enclosing declarations, without their members.
struct Surroundings {
    /// From the innermost outwards, without the declaration itself.
    let contexts: [Syntax]

    init(_ contexts: [Syntax], of declaration: some DeclSyntaxProtocol) {
        self.contexts = contexts.filter {
            $0.isProtocol((any DeclSyntaxProtocol).self) || $0.is(ClosureExprSyntax.self) || $0.is(PatternBindingSyntax.self)
        }
    }

    /// The type or extension right around the declaration; `nil` at file scope and in a body.
    var type: (any DeclGroupSyntax)? { contexts.first?.asProtocol((any DeclGroupSyntax).self) }

    /// Whether the declaration stands in the body of a function, closure or accessor.
    var isLocal: Bool { !contexts.isEmpty && type == nil }

    /// `Outer.Inner`, up to file scope or the nearest body; `nil` outside of types.
    var typePath: String? {
        var names: [String] = []
        for context in contexts {
            guard let group = context.asProtocol((any DeclGroupSyntax).self) else { break }
            if let extended = group.as(ExtensionDeclSyntax.self) {
                names.insert(extended.extendedType.trimmedDescription, at: 0)
                break
            }
            if let named = group.asProtocol((any NamedDeclSyntax).self) { names.insert(named.name.text, at: 0) }
        }
        return names.isEmpty ? nil : names.joined(separator: ".")
    }

    /// The generic clause that makes a type of the path generic, as far as it can be seen.
    var genericClause: Syntax? {
        for context in contexts {
            guard let group = context.asProtocol((any DeclGroupSyntax).self) else { return nil }
            if let clause = group.asProtocol((any WithGenericParametersSyntax).self)?.genericParameterClause { return Syntax(clause) }
            if let extended = group.as(ExtensionDeclSyntax.self) {
                if let clause = extended.genericWhereClause { return Syntax(clause) }
                if let clause = extended.extendedType.as(IdentifierTypeSyntax.self)?.genericArgumentClause { return Syntax(clause) }
            }
        }
        return nil
    }

    /// The access that an extension gives its members: `public extension Shop { … }`.
    var inheritedAccess: String? { type?.as(ExtensionDeclSyntax.self)?.modifiers.access }

    /// Whether members of the type run on the main actor unless they say otherwise.
    var isOnMainActor: Bool { type?.attributes.contains { $0.isMainActor } ?? false }
}

extension DeclModifierListSyntax {
    var access: String? {
        first { ["public", "package", "internal", "fileprivate", "private", "open"].contains($0.name.text) && $0.detail == nil }?.name.text
    }

    func first(_ keyword: Keyword) -> DeclModifierSyntax? {
        first { $0.name.tokenKind == .keyword(keyword) }
    }
}

extension AttributeListSyntax.Element {
    var isMainActor: Bool { self.as(AttributeSyntax.self)?.attributeName.trimmedDescription == "MainActor" }
}
