import ArgumentParser
import Foundation

/// `cookbook payments`: runs the payment service by itself.
struct PaymentsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "payments", abstract: "Run the local payment service that charges once a key.")

    @Option(help: "The port on the loopback interface; 0 takes a free one.")
    var port = 8080

    @Option(help: "The file that keeps every call.")
    var ledger = "payments.ledger"

    @Option(help: "Milliseconds until a call is answered.")
    var latency = 10

    func validate() throws {
        if !(0...65_535).contains(port) { throw ValidationError("--port \(port): a port is a number from 0 to 65535") }
        if latency < 0 { throw ValidationError("--latency \(latency): milliseconds, 0 or more") }
    }

    func run() async throws {
        let latency = Duration.milliseconds(latency)
        let service = PaymentService(ledger: try PaymentLedger(path: ledger), port: port, latency: { _ in latency })
        let ledger = ledger
        try await service.run { port in
            print("payments: http://127.0.0.1:\(port), ledger \(ledger)")
            fflush(nil)
        }
    }
}
