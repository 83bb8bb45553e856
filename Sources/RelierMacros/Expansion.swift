import SwiftSyntax
import SwiftSyntaxBuilder
import SwiftSyntaxMacros

/// The source of the type `$f`, for a function that passed all checks.
struct Expansion {
    let function: TaskFunction
    let arguments: MacroArguments
    let context: any MacroExpansionContext

    var declarations: [DeclSyntax] {
        guard let relay = relayName else { return [type(calling: call(on: "self", context: "context"))] }
        return [type(calling: "\(effects)\(relay)(self, context)"), self.relay(relay)]
    }

    private func type(calling body: String) -> DeclSyntax {
        let isBlocking = !function.isAsync
        var members = [
            "\(access)static let name: Swift.String = \(nameExpression)",
            options,
            "\(access)static let parameters: [Swift.String] = [\(function.arguments.map { quoted($0.name) }.joined(separator: ", "))]",
        ].compactMap { $0 }
        members += function.arguments.map { "\(access)var \($0.declaredName): \(text($0.type))" }
        members += [initializer, decoding, encoding, run(body), codingKeys]
        if let order { members.append(order) }
        let lines = members.joined(separator: "\n\n")
        return """
            \(raw: heading)nonisolated struct \(raw: typeName): \(raw: isBlocking ? "BlockingRelierTask" : "RelierTask") {
            \(raw: indented(lines, "    "))
            }
            """
    }

    private func indented(_ text: String, _ margin: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { $0.isEmpty ? "" : margin + $0 }.joined(separator: "\n")
    }

    private var typeName: String {
        let name = "$" + function.name
        return name.dropFirst().allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" } ? name : "`\(name)`"
    }

    /// Documentation, availability and access of the type.
    private var heading: String {
        var lines = function.declaration.documentation
        if lines.isEmpty, !access.isEmpty { lines = ["/// The task that calls ``\(function.name)``, with its arguments."] }
        lines += function.declaration.attributes.compactMap { $0.as(AttributeSyntax.self) }.filter(\.isForwarded).map(\.trimmedDescription)
        let modifier = function.declaration.modifiers.access.map { $0 + " " } ?? ""
        return (lines + [modifier]).joined(separator: "\n")
    }

    /// The access of the members, with a space; empty where the type's own access is enough.
    private var access: String {
        guard let access = function.access, ["public", "package"].contains(access) else { return "" }
        return access + " "
    }

    private var nameExpression: String {
        arguments.expression("name").map(text) ?? quoted(function.defaultName)
    }

    private var options: String? {
        guard !arguments.options.isEmpty else { return nil }
        let list = arguments.options.map { "\($0.label?.text ?? "_"): \(text($0.expression))" }.joined(separator: ",\n    ")
        return "\(access)static let options: TaskOptions = TaskOptions(\n    \(list)\n)"
    }

    private var initializer: String {
        let list = function.arguments.map { argument in
            "\(argument.declaredNames): \(text(argument.type))" + (argument.defaultValue.map { " = \(text($0))" } ?? "")
        }
        let lines = function.arguments.map { "    self.\($0.memberName) = \($0.declaredName)\n" }.joined()
        return "\(access)init(\(list.joined(separator: ", "))) {\n\(lines)}"
    }

    private var decoding: String {
        let lines = function.arguments.map { argument in
            let member = argument.memberName
            if let wrapped = argument.wrappedType {
                return "    self.\(member) = try container.decodeIfPresent(\(text(wrapped)).self, forKey: .\(member))\n"
            }
            let decode = "self.\(member) = try container.decode(\(text(argument.type)).self, forKey: .\(member))"
            guard let value = argument.defaultValue else { return "    \(decode)\n" }
            return """
                    if container.contains(.\(member)) {
                        \(decode)
                    } else {
                        self.\(member) = \(text(value))
                    }

                """
        }
        let variable = function.arguments.isEmpty ? "_" : "let container"
        return """
            \(access)init(from decoder: any Swift.Decoder) throws {
                \(variable) = try decoder.container(keyedBy: CodingKeys.self)
            \(lines.joined())}
            """
    }

    private var encoding: String {
        let lines = function.arguments.map { argument in
            let method = argument.wrappedType == nil ? "encode" : "encodeIfPresent"
            return "    try container.\(method)(self.\(argument.memberName), forKey: .\(argument.memberName))\n"
        }
        let variable = function.arguments.isEmpty ? "_" : "var container"
        return """
            \(access)func encode(to encoder: any Swift.Encoder) throws {
                \(variable) = encoder.container(keyedBy: CodingKeys.self)
            \(lines.joined())}
            """
    }

    private var codingKeys: String {
        if function.arguments.isEmpty { return "private enum CodingKeys: Swift.CodingKey {\n}" }
        let cases = function.arguments.map { "    case \($0.declaredName)\n" }.joined()
        return "private enum CodingKeys: Swift.String, Swift.CodingKey {\n\(cases)}"
    }

    private func run(_ body: String) -> String {
        let output = function.output
        let lines = output == nil ? "    \(body)\n    return NoOutput()\n" : "    \(body)\n"
        return "\(access)func run(_ context: TaskContext)\(signatureEffects) -> \(outputType) {\n\(lines)}"
    }

    private var outputType: String {
        guard let output = function.output else { return "NoOutput" }
        return text(output.as(AttributedTypeSyntax.self)?.baseType ?? output)
    }

    private var signatureEffects: String { (function.isAsync ? " async" : "") + (function.canThrow ? " throws" : "") }

    private var effects: String { (function.canThrow ? "try " : "") + (function.isAsync ? "await " : "") }

    /// The call of the function, with the stored arguments of `task`.
    private func call(on task: String, context: String) -> String {
        let list = function.parameters.map { parameter in
            (parameter.label.map { "\($0): " } ?? "") + (parameter.isContext ? context : "\(task).\(parameter.memberName)")
        }
        let owner = function.surroundings.typePath.map { $0 + "." } ?? ""
        return "\(effects)\(owner)\(function.declaration.name.text)(\(list.joined(separator: ", ")))"
    }

    /// Dictionaries whose keys this names become JSON objects, which have one order; others would not compile.
    private var order: String? {
        guard let option = arguments.expression("idempotent").flatMap(KeyOption.init) else { return nil }
        let keys = option.keyed(function).flatMap(UnorderedTypes.uncertainKeys)
        guard !keys.isEmpty else { return nil }
        return """
            private static func checkOrderOfKeys() {
                func hasOrder<Key: Swift.CodingKeyRepresentable>(_: Key.Type) {
                }
            \(keys.map { "    hasOrder(\(text($0)).self)\n" }.joined())}
            """
    }

    /// The name of a function at file scope that makes the call where the type's own members would hide the function.
    private var relayName: String? {
        guard function.surroundings.typePath == nil else { return nil }
        let hiding = Self.members.union(function.arguments.map(\.name))
        return hiding.contains(function.name) ? context.makeUniqueName(function.name).text : nil
    }

    /// What unqualified names find in the type before anything outside of it.
    static let members: Set<String> = ["name", "options", "parameters", "encode", "run", "push", "checkOrderOfKeys", "context"]

    private func relay(_ name: String) -> DeclSyntax {
        let task = context.makeUniqueName("task").text
        let taskContext = context.makeUniqueName("context").text
        let availability = function.declaration.attributes.compactMap { $0.as(AttributeSyntax.self) }.filter(\.isForwarded)
            .map { $0.trimmedDescription + "\n" }.joined()
        let result = function.output == nil ? "" : " -> \(outputType)"
        return """
            \(raw: availability)fileprivate nonisolated func \(raw: name)(_ \(raw: task): \(raw: typeName), _ \(raw: taskContext): TaskContext)\
            \(raw: signatureEffects)\(raw: result) {
                \(raw: call(on: task, context: taskContext))
            }
            """
    }

    private func quoted(_ text: String) -> String {
        "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }

    /// The source of a node, `Self` spelled out: inside the task's type it would mean that type.
    private func text(_ node: some SyntaxProtocol) -> String {
        guard let path = function.surroundings.typePath else { return node.trimmedDescription }
        return SelfRewriter(path).rewrite(node).trimmedDescription
    }
}

private final class SelfRewriter: SyntaxRewriter {
    let path: String

    init(_ path: String) {
        self.path = path
        super.init(viewMode: .sourceAccurate)
    }

    override func visit(_ token: TokenSyntax) -> TokenSyntax {
        token.tokenKind == .keyword(.Self) ? token.with(\.tokenKind, .identifier(path)) : token
    }
}

extension FunctionDeclSyntax {
    /// The lines of the documentation comment.
    fileprivate var documentation: [String] {
        leadingTrivia.compactMap { piece in
            switch piece {
            case .docLineComment(let text), .docBlockComment(let text): text
            default: nil
            }
        }
    }
}

extension AttributeSyntax {
    /// Availability holds for the type too, except `noasync`, which only functions can have.
    fileprivate var isForwarded: Bool {
        let name = attributeName.trimmedDescription
        return name == "_spi" || name == "available" && !trimmedDescription.contains("noasync")
    }
}
