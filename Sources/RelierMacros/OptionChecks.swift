import SwiftDiagnostics
import SwiftSyntax

/// Options whose literals can never work together.
enum OptionChecks {
    static func problems(of arguments: MacroArguments) -> [Diagnostic] {
        [name(arguments), queue(arguments), version(arguments), attempts(arguments), hook(arguments)].compactMap { $0 }
            + durations(arguments)
    }

    private static func name(_ arguments: MacroArguments) -> Diagnostic? {
        guard let expression = arguments.expression("name"), let name = Literal.string(expression) else { return nil }
        if name.isEmpty {
            return .misuse("a task's name cannot be empty; leave 'name:' out to take the function's", at: expression)
        }
        guard name.utf8.count > 200 else { return nil }
        return .misuse("a task's name has 1 to 200 bytes; this one has \(name.utf8.count)", at: expression)
    }

    private static func queue(_ arguments: MacroArguments) -> Diagnostic? {
        guard let expression = arguments.expression("queue") else { return nil }
        var literal = Literal.string(expression)
        if let call = expression.as(FunctionCallExprSyntax.self), let argument = call.arguments.first, call.arguments.count == 1,
            ["Queue", "Queue.init", ".init"].contains(call.calledExpression.trimmedDescription)
        {
            literal = Literal.string(argument.expression)
        }
        if Literal.isMember(expression, "requeue", of: "Queue") { literal = "re-queue" }
        guard let literal else { return nil }
        if literal == "re-queue" {
            return .misuse(
                "the queue 're-queue' belongs to Relier's own recoveries; choose another", at: expression,
                fixIts: [.replace(expression, with: "\"default\"")])
        }
        if literal.isEmpty || literal.utf8.count > 128 {
            return .misuse("a queue's name has 1 to 128 bytes; this one has \(literal.utf8.count)", at: expression)
        }
        if literal.utf8.contains(where: { $0 < 0x20 || $0 == 0x7f || $0 == 0x2c }) {
            return .misuse("a queue's name has no comma and no control character", at: expression)
        }
        return nil
    }

    private static func version(_ arguments: MacroArguments) -> Diagnostic? {
        guard let expression = arguments.expression("version"), let version = Literal.integer(expression), version < 1 else { return nil }
        return .misuse("versions start at 1", at: expression, fixIts: [.replace(expression, with: "1")])
    }

    private static func attempts(_ arguments: MacroArguments) -> Diagnostic? {
        guard let call = arguments.expression("retry")?.as(FunctionCallExprSyntax.self),
            let expression = call.arguments.first(where: { $0.label?.text == "maxAttempts" })?.expression,
            let attempts = Literal.integer(expression), attempts < 1
        else { return nil }
        return .misuse(
            "'maxAttempts' counts the first attempt too: at least 1 is needed", at: expression, fixIts: [.replace(expression, with: "1")])
    }

    private static func hook(_ arguments: MacroArguments) -> Diagnostic? {
        guard let hook = arguments.argument("onSoftTimeout"), let label = hook.label, !hook.expression.is(NilLiteralExprSyntax.self),
            arguments.argument("softTimeout") == nil
        else { return nil }
        return .misuse("'onSoftTimeout' never runs without a 'softTimeout'; give both or neither", at: label)
    }

    private static func durations(_ arguments: MacroArguments) -> [Diagnostic] {
        var problems: [Diagnostic] = []
        for label in ["softTimeout", "hardTimeout"] {
            if let expression = arguments.expression(label), let value = Literal.nanoseconds(expression), value <= 0 {
                problems.append(.misuse("'\(label)' must be longer than zero", at: expression))
            }
        }
        if let expression = arguments.expression("resultTTL"), let value = Literal.nanoseconds(expression), value < 0 {
            problems.append(.misuse("'resultTTL' cannot be negative", at: expression))
        }
        let lifetime = arguments.expression("idempotent").flatMap(KeyOption.init)?.lifetime
        if let lifetime, let value = Literal.nanoseconds(lifetime), value <= 0 {
            problems.append(.misuse("the idempotency time to live must be longer than zero", at: lifetime))
        }
        guard problems.isEmpty, let hard = arguments.expression("hardTimeout"), let end = Literal.nanoseconds(hard) else {
            return problems
        }
        if let soft = arguments.expression("softTimeout"), let start = Literal.nanoseconds(soft), start >= end {
            let swap = FixIt(
                message: Remedy(message: "swap the timeouts"),
                changes: [
                    (soft, hard), (hard, soft),
                ].map { old, new in
                    .replaceText(
                        range: old.positionAfterSkippingLeadingTrivia..<old.endPositionBeforeTrailingTrivia, with: new.trimmedDescription,
                        in: Syntax(old))
                })
            problems.append(
                .misuse(
                    "the soft timeout (\(soft.trimmedDescription)) must be shorter than the hard timeout (\(hard.trimmedDescription)), "
                        + "or its hook gets no time", at: soft, fixIts: start > end ? [swap] : []))
        }
        if let lifetime, let value = Literal.nanoseconds(lifetime), value < end {
            problems.append(
                .misuse(
                    "the idempotency time to live (\(lifetime.trimmedDescription)) must not be shorter than the hard timeout "
                        + "(\(hard.trimmedDescription))", at: lifetime, fixIts: [.replace(lifetime, with: hard.trimmedDescription)]))
        }
        return problems
    }
}
