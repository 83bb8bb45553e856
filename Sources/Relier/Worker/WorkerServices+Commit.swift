import Foundation
import Logging

extension WorkerServices {
    func commitTerms(of name: String) throws -> CommitTerms {
        let logger = client.settings.logger
        let leave: @Sendable (String) -> Void = { line in
            logger.critical("\(line); leaving the process")
            _exit(Death.stuckTransactionStatus)
        }
        return CommitTerms(
            engine: client.engine, name: name, output: registry.entries[name]?.output ?? NoOutput.self, resultMaxBytes: resultMaxBytes,
            leaveProcess: ownsProcess ? leave : nil)
    }
}

extension Death {
    /// The exit status of a worker that left because a body held a transaction open far beyond its limit. It makes suspects: the culprit is found alone.
    static let stuckTransactionStatus: Int32 = 78
}
