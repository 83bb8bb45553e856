/// One step that brings the arguments of queued tasks from one version of their shape to the next.
///
/// ```swift
/// Migration(from: 1) { json in
///     json["cents"] = json["amount"]
///     json["amount"] = nil
/// }
/// ```
///
/// A worker applies the steps in order, at the start of an attempt, to a payload that is older than its task. What is stored stays as it was pushed.
/// A step that throws quarantines the task as `SchemaMigrationError`; so does an outcome that does not decode.
///
/// Where a program has another type of this name, as programs with an ORM often have, write `.init(from: 1) { … }` in the list of migrations.
public struct Migration: Sendable {
    /// The version that it starts from; it leads to the next. At least 1, less than the task's version.
    public let from: Int
    let step: @Sendable (inout JSONValue) throws -> Void

    /// - Parameters:
    ///   - version: the version that it starts from.
    ///   - step: changes the arguments; it may run again in another attempt, so it depends on nothing else. Whole numbers of more than 64 bits, and
    ///     decimals beyond the precision of `Double`, reach it rounded.
    public init(from version: Int, _ step: @escaping @Sendable (_ json: inout JSONValue) throws -> Void) {
        from = version
        self.step = step
    }

    /// A step between two versions of which the newer reads the older's arguments as they are.
    public static func compatible(from version: Int) -> Migration { Migration(from: version) { _ in } }
}
