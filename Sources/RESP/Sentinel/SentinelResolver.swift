import NIOCore
import NIOSSL

/// Asks sentinels where the master is. Links that ask at the same time share the answer.
actor SentinelResolver {
    let sentinel: RESPSentinel
    nonisolated let tls: NIOSSLContext?
    private let options: RESPClientOptions
    private var resolution: SentinelResolution
    private var underWay: Task<Result<RESPEndpoint, RESPError>, Never>?

    /// For each sentinel, so that one that is gone does not take the time of the others.
    private static let patience = Duration.milliseconds(500)

    init(_ sentinel: RESPSentinel, options: RESPClientOptions) throws(RESPError) {
        self.sentinel = sentinel
        self.options = options
        tls = try sentinel.tls?.context()
        resolution = SentinelResolution(masterName: sentinel.masterName, nodes: sentinel.nodes)
    }

    /// The master's address with its log-in. That it is a master is for the connection to verify.
    func master() async throws(RESPError) -> RESPEndpoint {
        let task = underWay ?? Task(executorPreference: options.taskExecutor) { await self.resolve() }
        underWay = task
        return try await task.value.get()
    }

    /// What ``master()`` gave was no master.
    func wasWrong() { resolution.wasWrong() }

    /// The command that asks for the master's address.
    nonisolated static func question(_ masterName: String) -> RESPCommand {
        RESPCommand("SENTINEL", "GET-MASTER-ADDR-BY-NAME", masterName)
    }

    private func resolve() async -> Result<RESPEndpoint, RESPError> {
        defer { underWay = nil }
        var step = resolution.start()
        while true {
            switch step {
            case .found(let address):
                var endpoint = sentinel.server
                endpoint.address = address
                return .success(endpoint)
            case .failed(let why):
                return .failure(RESPError(.connectFailed, "no sentinel named the master '\(sentinel.masterName)': \(why)"))
            case .ask(let node):
                switch await ask(node) {
                case .success(let value): step = resolution.answered(value)
                case .failure(let error): step = resolution.failed("failed (\(error))")
                }
            }
        }
    }

    private func ask(_ node: RESPEndpoint.Address) async -> Result<RESPValue, RESPError> {
        var hasty = options
        hasty.connectTimeout = min(options.connectTimeout, Self.patience)
        let endpoint = sentinel.endpoint(node)
        let settings = LinkSettings(.fixed(endpoint), name: "sentinel \(node)", tls: tls, options: hasty)
        let link = Link(settings, on: options.eventLoopGroup.next())
        let answer: Result<RESPValue, RESPError>
        do throws(RESPError) {
            answer = .success(try await link.send(Self.question(sentinel.masterName), timeout: Self.patience))
        } catch {
            answer = .failure(error)
        }
        link.shut()
        return answer
    }
}
