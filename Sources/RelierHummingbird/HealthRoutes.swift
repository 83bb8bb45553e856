import HTTPTypes
public import Hummingbird
import Logging
public import Relier

extension RouterMethods {
    /// Adds two routes for whoever watches the server.
    ///
    /// - `GET /health/live` answers 200 as long as the server answers at all. It does not ask the engine: to restart a server does not bring an engine back.
    /// - `GET /health/ready` answers 200 when the engine can accept tasks, which it tries with a small write, and 503 when it cannot.
    ///
    /// - Parameters:
    ///   - path: another place than `health`.
    ///   - engine: where the server pushes.
    @discardableResult
    public func addHealthRoutes(at path: String = "health", engine: any Engine) -> Self {
        group(RouterPath(path))
            .get("live") { _, _ in HTTPResponse.Status.ok }
            .get("ready") { _, context -> HTTPResponse.Status in
                do {
                    let failures = try await engine.health().filter { $0.level == .failure }
                    for failure in failures { context.logger.error("\(failure.name): \(failure.detail)") }
                    return failures.isEmpty ? HTTPResponse.Status.ok : .serviceUnavailable
                } catch {
                    context.logger.error("\(error)")
                    return .serviceUnavailable
                }
            }
        return self
    }
}
