import HTTPTypes

extension HTTPField.Name {
    /// The header that names an operation towards a service.
    static var idempotencyKey: HTTPField.Name {
        guard let name = HTTPField.Name("Idempotency-Key") else { preconditionFailure("'Idempotency-Key' is a legal header name") }
        return name
    }
}
