/// A server or a program that tests need does not do what they need of it.
public struct ServerFailure: Error, Sendable, CustomStringConvertible {
    public let description: String
    init(_ description: String) { self.description = description }
}
