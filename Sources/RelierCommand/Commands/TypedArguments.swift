import Foundation
import Relier

/// JSON arguments against a task's type: what is wrong is said in one line that names the argument.
enum TypedArguments {
    /// - Throws: ``CommandError`` listing what is known, the nearest name first.
    static func type(named name: String, among types: [any RelierTask.Type]) throws(CommandError) -> any RelierTask.Type {
        if let type = types.first(where: { $0.name == name }) { return type }
        let names = types.map { $0.name }.sorted()
        let hint = NearestName.of(name, among: names).map { "; did you mean '\($0)'?" } ?? ";"
        throw .misuse("no task is named '\(name)'\(hint) This program has: \(names.isEmpty ? "none" : names.joined(separator: ", "))")
    }

    static func decode(_ type: any RelierTask.Type, from data: Data) throws(CommandError) -> any RelierTask {
        let value: JSONValue
        do { value = try CanonicalJSON.decode(JSONValue.self, from: data) } catch {
            throw .misuse("the arguments of '\(type.name)' are not JSON\(place(error)); write an object such as \(example(type))")
        }
        guard case .object(let members) = value else {
            throw .misuse("the arguments of '\(type.name)' are not a JSON object; write one such as \(example(type))")
        }
        let known = type.parameters
        if !known.isEmpty, let unknown = members.keys.sorted().first(where: { !known.contains($0) }) {
            let hint = NearestName.of(unknown, among: known).map { "; did you mean '\($0)'?" } ?? ";"
            throw .misuse("'\(type.name)' has no argument '\(unknown)'\(hint) It takes: \(known.joined(separator: ", "))")
        }
        do { return try CanonicalJSON.decode(type, from: data) } catch { throw .misuse(line(error, type)) }
    }

    private static func line(_ error: any Error, _ type: any RelierTask.Type) -> String {
        let takes = type.parameters.isEmpty ? "" : "; '\(type.name)' takes: \(type.parameters.joined(separator: ", "))"
        switch error {
        case DecodingError.keyNotFound(let key, let context):
            return "argument '\(path(context.codingPath + [key]))' of '\(type.name)' is missing\(takes)"
        case DecodingError.valueNotFound(let wanted, let context):
            return "argument '\(path(context.codingPath))' of '\(type.name)' is null; \(kind(wanted)) is needed"
        case DecodingError.typeMismatch(let wanted, let context):
            return "argument '\(path(context.codingPath))' of '\(type.name)' is not \(kind(wanted))"
        case DecodingError.dataCorrupted(let context) where !context.codingPath.isEmpty:
            return "argument '\(path(context.codingPath))' of '\(type.name)' cannot be used: \(context.debugDescription)"
        default:
            return "the arguments of '\(type.name)' cannot be used: \(error)"
        }
    }

    /// `items[2].price`.
    private static func path(_ keys: [any CodingKey]) -> String {
        keys.reduce("") { path, key in
            if let index = key.intValue { return "\(path)[\(index)]" }
            return path.isEmpty ? key.stringValue : "\(path).\(key.stringValue)"
        }
    }

    private static func kind(_ type: Any.Type) -> String {
        switch type {
        case is String.Type: "a string"
        case is Bool.Type: "true or false"
        case is Double.Type, is Float.Type: "a number"
        case is any FixedWidthInteger.Type: "a whole number"
        case is [Any].Type: "an array"
        case is [String: Any].Type: "an object"
        default: "a \(type)"
        }
    }

    /// Where the JSON parser stopped, if it says so.
    private static func place(_ error: any Error) -> String {
        guard case DecodingError.dataCorrupted(let context) = error, let cause = context.underlyingError as? NSError,
            let text = cause.userInfo[NSDebugDescriptionErrorKey] as? String
        else { return "" }
        return " (\(text.hasSuffix(".") ? String(text.dropLast()) : text))"
    }

    private static func example(_ type: any RelierTask.Type) -> String {
        "{\((type.parameters.isEmpty ? ["name"] : type.parameters).map { "\"\($0)\": …" }.joined(separator: ", "))}"
    }
}
