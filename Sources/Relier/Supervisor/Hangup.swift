import Foundation

/// SIGHUP, which a terminal sends to what runs in it when it closes.
package enum Hangup {
    /// Whether whoever started this process asked it to outlive its terminal, as `nohup` does.
    package static let isIgnored: Bool = {
        var action = sigaction()
        guard sigaction(SIGHUP, nil, &action) == 0 else { return false }
        #if canImport(Darwin)
            let handler = unsafeBitCast(action.__sigaction_u.__sa_handler, to: Int.self)
        #else
            let handler = unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
        #endif
        return handler == unsafeBitCast(SIG_IGN, to: Int.self)
    }()
}
