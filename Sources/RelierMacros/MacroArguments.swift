import SwiftSyntax

/// The arguments written at `@RelierTask(…)`, in their order.
struct MacroArguments {
    let all: [LabeledExprSyntax]

    init(_ attribute: AttributeSyntax) {
        all = attribute.arguments?.as(LabeledExprListSyntax.self).map(Array.init) ?? []
    }

    func argument(_ label: String) -> LabeledExprSyntax? {
        all.first { $0.label?.text == label }
    }

    func expression(_ label: String) -> ExprSyntax? { argument(label)?.expression }

    /// What goes to `TaskOptions`.
    var options: [LabeledExprSyntax] { all.filter { $0.label?.text != "name" } }
}

/// What a literal says; `nil` for any expression whose value only run time knows.
enum Literal {
    static func string(_ expression: ExprSyntax) -> String? {
        guard let literal = expression.as(StringLiteralExprSyntax.self), literal.openingQuote.tokenKind == .stringQuote,
            literal.segments.count == 1, let text = literal.segments.first?.as(StringSegmentSyntax.self)?.content.text
        else { return nil }
        // An escape is read by the compiler alone: a name with one is checked when the worker starts.
        return literal.openingPounds == nil && text.contains("\\") ? nil : text
    }

    static func integer(_ expression: ExprSyntax) -> Int? {
        number(expression).flatMap { Int(exactly: $0) }
    }

    /// Numbers, their negatives and their products.
    static func number(_ expression: ExprSyntax) -> Double? {
        if let literal = expression.as(IntegerLiteralExprSyntax.self) {
            return literal.representedLiteralValue.map(Double.init)
        }
        if let literal = expression.as(FloatLiteralExprSyntax.self) { return literal.representedLiteralValue }
        if let negated = expression.as(PrefixOperatorExprSyntax.self), negated.operator.text == "-" {
            return number(negated.expression).map { -$0 }
        }
        if let tuple = expression.as(TupleExprSyntax.self), tuple.elements.count == 1, let only = tuple.elements.first {
            return number(only.expression)
        }
        if let sequence = expression.as(SequenceExprSyntax.self) {
            var product = 1.0
            for (index, element) in sequence.elements.enumerated() {
                if index.isMultiple(of: 2) {
                    guard let factor = number(element) else { return nil }
                    product *= factor
                } else if element.as(BinaryOperatorExprSyntax.self)?.operator.text != "*" {
                    return nil
                }
            }
            return product
        }
        if let product = expression.as(InfixOperatorExprSyntax.self),
            product.operator.as(BinaryOperatorExprSyntax.self)?.operator.text == "*",
            let left = number(product.leftOperand), let right = number(product.rightOperand)
        {
            return left * right
        }
        return nil
    }

    /// The nanoseconds of `.seconds(8)`, `Duration.minutes(2)`, `.zero` and the like, rounded.
    static func nanoseconds(_ expression: ExprSyntax) -> Double? {
        if isMember(expression, "zero", of: "Duration") { return 0 }
        guard let call = expression.as(FunctionCallExprSyntax.self), call.arguments.count == 1, let argument = call.arguments.first,
            argument.label == nil, let called = call.calledExpression.as(MemberAccessExprSyntax.self),
            let unit = units[called.declName.baseName.text], isMember(call.calledExpression, called.declName.baseName.text, of: "Duration"),
            let amount = number(argument.expression)
        else { return nil }
        return (amount * unit).rounded()
    }

    private static let units: [String: Double] = [
        "nanoseconds": 1, "microseconds": 1e3, "milliseconds": 1e6, "seconds": 1e9, "minutes": 60e9, "hours": 3600e9, "days": 86_400e9,
    ]

    /// Whether the expression is `.member`, `Type.member` or `Swift.Type.member`.
    static func isMember(_ expression: ExprSyntax, _ member: String, of type: String) -> Bool {
        guard let access = expression.as(MemberAccessExprSyntax.self), access.declName.baseName.identifier?.name == member else {
            return false
        }
        guard let base = access.base?.trimmedDescription else { return true }
        return base == type || base == "Swift.\(type)"
    }
}
