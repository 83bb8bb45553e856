import Relier

/// Pattern 1, a call to an outside service that is safe to repeat.
///
/// Pushed twice with the same arguments within a day, it runs once. If the worker dies between the service's answer and the commit, the body
/// runs again and sends the same key: the service answers the charge it made.
@RelierTask(name: "chargeCustomer", idempotent: .automatic(ttl: .hours(24)), softTimeout: .seconds(8), hardTimeout: .seconds(10))
func chargeCustomer(customerID: String, amountCents: Int, context: TaskContext) async throws -> Charge {
    try await payments.charge(customerID, amountCents, idempotencyKey: context.idempotencyKey)
}
