import NIOCore
import NIOPosix
import RESP
import Relier
import Synchronization

/// The connection of the leases, with an event loop and a thread of its own: neither a user's commands nor bodies that block every thread of the
/// cooperative pool can hold up a renewal. Made when the first worker joins.
final class LeaseLine: Sendable {
    typealias MakeClient = @Sendable (RESPClientOptions) throws(RESPError) -> RESPClient

    private struct Open: Sendable {
        let client: RESPClient
        let thread: LeaseThread
    }

    private enum State {
        case unused
        case open(Open)
        case closed
    }

    /// One event loop for the leases of all engines of the process, as long as it lives.
    private static let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    private let makeClient: MakeClient
    private let options: RESPClientOptions
    private let state = Mutex(State.unused)

    init(makeClient: @escaping MakeClient, options: RESPClientOptions) {
        self.makeClient = makeClient
        self.options = options
    }

    /// The same partitions by this line's connection.
    func partitions(like partitions: Partitions) throws(EngineError) -> (Partitions, LeaseThread) {
        let opened = state.withLock { state -> Result<Open, EngineError> in
            switch state {
            case .open(let open): return .success(open)
            case .closed: return .failure(EngineError(.unavailable, "\(partitions.first.location) was closed in this process"))
            case .unused: break
            }
            let thread: LeaseThread
            do { thread = try LeaseThread() } catch {
                return .failure(EngineError(.unavailable, "\(partitions.first.location): \(error)", cause: error))
            }
            var options = options
            options.connections = 1
            options.eventLoopGroup = Self.group
            // Asking Sentinel is a task.
            options.taskExecutor = thread
            do throws(RESPError) {
                let open = Open(client: try makeClient(options), thread: thread)
                state = .open(open)
                return .success(open)
            } catch {
                thread.close()
                return .failure(EngineError.from(error, at: partitions.first.location))
            }
        }
        let open = try opened.get()
        let own = partitions.servers.map { server in
            Server(
                client: open.client, location: server.location, partition: server.partition, anchor: server.anchor,
                settings: server.settings)
        }
        return (Partitions(own, homes: partitions.homes, isMute: partitions.isMute), open.thread)
    }

    func close() async {
        let before = state.withLock { state in
            defer { state = .closed }
            return state
        }
        guard case .open(let open) = before else { return }
        await open.client.close()
        open.thread.close()
    }
}
