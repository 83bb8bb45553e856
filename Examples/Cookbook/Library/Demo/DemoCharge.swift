import Foundation
import Relier

/// The demo's charge: ``chargeCustomer(customerID:amountCents:context:)``, called as the plain function it is, and then a trap for
/// the customer in `COOKBOOK_DEMO_TRAP`, once: after the outside call and before the commit, where a crash hurts most.
@RelierTask(name: "demoCharge", idempotent: .automatic(ttl: .hours(24)), softTimeout: .seconds(8), hardTimeout: .seconds(10))
func demoCharge(customerID: String, amountCents: Int, context: TaskContext) async throws -> Charge {
    let charge = try await chargeCustomer(customerID: customerID, amountCents: amountCents, context: context)
    if context.resurrections == 0, ProcessInfo.processInfo.environment["COOKBOOK_DEMO_TRAP"] == customerID {
        // The trap is what the demo shows.
        fatalError("the demo traps on customer \(customerID)")
    }
    return charge
}
