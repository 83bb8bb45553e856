import RESP
import Relier

extension EngineError {
    /// What a failed call means to those above the engine. `refusal` reads what a script itself refused.
    static func from(_ error: RESPError, at location: String, refusal: Refusal? = nil) -> EngineError {
        switch error.code {
        case .neverSent, .connectFailed, .connectionLost, .protocolViolation:
            if let server = error.server { return from(server, error, at: location) }
            return EngineError(.unavailable, "\(location) cannot be reached: \(error.message); is the server running?", cause: error)
        case .outcomeUnknown, .timedOut:
            return EngineError(.outcomeUnknown, "\(location): \(error.message)", cause: error)
        case .invalidSetting:
            return EngineError(.failed, error.message, cause: error)
        default:
            guard let server = error.server else { return EngineError(.failed, "\(location): \(error.message)", cause: error) }
            if let refused = refusal?.read(server.prefix.rawValue, server.message) { return refused }
            return from(server, error, at: location)
        }
    }

    private static func from(_ server: RESPServerError, _ error: RESPError, at location: String) -> EngineError {
        // An error within a script comes with the script's name around it.
        let text = server.message
        switch server.prefix {
        case .oom:
            return EngineError(.full, "\(location) is out of memory; raise 'maxmemory' or free some", cause: error)
        case .misconfigured:
            return EngineError(.readOnly, "\(location) cannot save its data and refuses writes; look at its disk and log", cause: error)
        case .readOnly, .masterDown:
            return EngineError(.unavailable, "\(location) is a replica; give the address of the master, or Sentinel's", cause: error)
        case .loading:
            return EngineError(.busy, "\(location) is still reading its data; try again in a moment", cause: error)
        case .busy:
            return EngineError(.busy, "\(location) is held up by a script of somebody else; 'SCRIPT KILL' ends it", cause: error)
        case .noReplicas:
            return EngineError(.readOnly, "\(location) has fewer replicas than 'min-replicas-to-write' asks for", cause: error)
        case .noAuth:
            return EngineError(.unavailable, "\(location) asks for a password; put it in the URL, redis://user:password@host", cause: error)
        case .wrongPass:
            return EngineError(.unavailable, "\(location) refuses this user and password; correct them in the URL", cause: error)
        case .noPerm:
            return EngineError(
                .failed, "\(location) does not allow this user what Relier needs (\(text)); grant '~* &* +@all', or see the guide",
                cause: error)
        case .noProtocol:
            return EngineError(.failed, "\(location) does not speak RESP3; Relier needs Redis 7 or Valkey", cause: error)
        case .clusterDown, .tryAgain, .moved, .ask, .crossSlot:
            return EngineError(.unavailable, "\(location): \(server)", cause: error)
        default:
            if text.contains("OOM command not allowed") || text.contains("-OOM") {
                return EngineError(.full, "\(location) is out of memory; raise 'maxmemory' or free some", cause: error)
            }
            if text.contains("READONLY") || text.contains("replica") {
                return EngineError(.unavailable, "\(location) is a replica; give the address of the master", cause: error)
            }
            return EngineError(.failed, "\(location): \(server)", cause: error)
        }
    }
}
