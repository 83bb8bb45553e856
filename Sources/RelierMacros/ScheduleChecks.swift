import Foundation
import RelierCron
import SwiftDiagnostics
import SwiftSyntax

/// What a schedule asks of a task, and literals of it that can never tick.
enum ScheduleChecks {
    static func problems(of arguments: MacroArguments, function: TaskFunction) -> [Diagnostic] {
        guard let expression = arguments.expression("schedule"), !expression.is(NilLiteralExprSyntax.self) else { return [] }
        return literals(expression) + function.arguments.compactMap(missingDefault)
    }

    private static func missingDefault(_ parameter: TaskParameter) -> Diagnostic? {
        guard parameter.defaultValue == nil, parameter.wrappedType == nil else { return nil }
        return .misuse(
            "a schedule pushes the task without arguments: give '\(parameter.name)' a default", at: parameter.nameToken)
    }

    private static func literals(_ expression: ExprSyntax) -> [Diagnostic] {
        guard let call = expression.as(FunctionCallExprSyntax.self), let first = call.arguments.first, first.label == nil else { return [] }
        if Literal.isMember(call.calledExpression, "cron", of: "Schedule") {
            let zone = call.arguments.first { $0.label?.text == "in" }?.expression
            return [cron(first.expression), zone.flatMap(self.zone)].compactMap(\.self)
        }
        if Literal.isMember(call.calledExpression, "every", of: "Schedule") {
            guard let interval = Literal.nanoseconds(first.expression), interval < 1e9 || interval > 3650 * 86_400e9 else { return [] }
            return [.misuse("a schedule's interval is 1 second to 3650 days", at: first.expression)]
        }
        return []
    }

    private static func cron(_ expression: ExprSyntax) -> Diagnostic? {
        guard let text = Literal.string(expression) else { return nil }
        do {
            _ = try CronExpression(text)
            return nil
        } catch {
            return .misuse("not a cron expression: \(error.description)", at: expression)
        }
    }

    private static func zone(_ expression: ExprSyntax) -> Diagnostic? {
        // Where the compiler's machine has no time zone data it cannot tell; registration does.
        guard let name = Literal.string(expression), TimeZone(identifier: name) == nil, TimeZone(identifier: "Europe/London") != nil else {
            return nil
        }
        return .misuse("'\(name)' is not a time zone; write one such as \"Europe/Berlin\"", at: expression)
    }
}
