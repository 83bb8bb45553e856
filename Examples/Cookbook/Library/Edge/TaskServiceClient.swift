import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Relier

/// Talks to the ``TaskService``.
struct TaskServiceClient: Sendable {
    let url: String

    enum Answer: Sendable, Hashable {
        case accepted(TaskID)
        /// Not now: come back after so many seconds.
        case busy(status: UInt, retryAfter: Int)
    }

    private static let http: HTTPClient = {
        var configuration = HTTPClient.Configuration()
        configuration.timeout.connect = .seconds(30)
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 64
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    /// One request, whatever its answer.
    /// - Throws: ``TaskServiceError`` for an answer that the service does not give.
    func submit(_ itemID: String) async throws -> Answer {
        var request = HTTPClientRequest(url: "\(url)/items/\(itemID)")
        request.method = .POST
        let response = try await Self.http.execute(request, timeout: .minutes(2))
        let body = try await response.body.collect(upTo: 1 << 16)
        if response.status == .accepted {
            return .accepted(try JSONDecoder().decode(TaskService.Accepted.self, from: Data(body.readableBytesView)).id)
        }
        guard let text = response.headers.first(name: "Retry-After"), let seconds = Int(text) else {
            throw TaskServiceError(description: "the service answered \(response.status.code) without Retry-After: \(String(buffer: body))")
        }
        return .busy(status: response.status.code, retryAfter: seconds)
    }

    /// A client that obeys: it comes back when it was told to, until it is let in.
    /// - Returns: the task's id, and how often the client was sent away.
    func submitPatiently(_ itemID: String) async throws -> (id: TaskID, rejections: Int) {
        var rejections = 0
        while true {
            switch try await submit(itemID) {
            case .accepted(let id): return (id, rejections)
            case .busy(_, let retryAfter):
                rejections += 1
                try await Task.sleep(for: .seconds(retryAfter))
            }
        }
    }

    /// The status of a health route.
    func health(_ route: String) async throws -> UInt {
        let response = try await Self.http.execute(HTTPClientRequest(url: "\(url)/health/\(route)"), timeout: .minutes(2))
        _ = try await response.body.collect(upTo: 1 << 16)
        return response.status.code
    }
}

/// The service answered what it never should.
struct TaskServiceError: Error, CustomStringConvertible {
    let description: String
}
