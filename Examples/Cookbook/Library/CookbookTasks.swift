public import ArgumentParser
public import Relier

/// What the cookbook's program runs.
public enum CookbookTasks {
    /// Every pattern's task.
    public static let all: [any RelierTask.Type] = [
        $chargeCustomer.self, $processWebhook.self, $processWebhookByHand.self,
        $importAirports.self, $importAirportsEachRow.self, $importAirportsOnTimeout.self, $keepLargeState.self,
        $processWithContext.self, $processItem.self,
        $processWithExternalLock.self, $confirmPayment.self, $regenerateThumbnail.self,
        $storeAllAirports.self, $storeAllAirportsInGroups.self, $storeAirport.self,
        $sendInvoice.self, $demoCharge.self,
    ]

    /// The program's own commands beside Relier's.
    public static let commands: [any AsyncParsableCommand.Type] = [DemoCommand.self, PaymentsCommand.self, ServeCommand.self]
}
