import Logging
import NIOCore

extension LinkCore {
    /// For the replies of a master that was replaced.
    private static let farewell = TimeAmount.milliseconds(100)

    func connect() {
        attempt += 1
        phase = .connecting
        let mine = attempt
        switch settings.source {
        case .fixed(let endpoint): open(endpoint, attempt: mine)
        case .anyOf(let endpoints): open(endpoints[mine % endpoints.count], attempt: mine)
        case .master(let find, _):
            let core = NIOLoopBound(self, eventLoop: eventLoop)
            let eventLoop = eventLoop
            Task(executorPreference: settings.taskExecutor) {
                let found: Result<RESPEndpoint, RESPError>
                do throws(RESPError) { found = .success(try await find()) } catch { found = .failure(error) }
                eventLoop.execute { core.value.resolved(found, attempt: mine) }
            }
        }
    }

    private func resolved(_ found: Result<RESPEndpoint, RESPError>, attempt mine: Int) {
        guard isCurrent(mine) else { return }
        switch found {
        case .success(let endpoint): open(endpoint, attempt: mine)
        case .failure(let error): lost(mine, because: error)
        }
    }

    private func open(_ endpoint: RESPEndpoint, attempt mine: Int) {
        self.endpoint = endpoint
        attemptTimer = eventLoop.assumeIsolated().scheduleTask(in: settings.connectTimeout) { [weak self] in
            guard let self else { return }
            let limit = settings.connectTimeout.nanoseconds / 1_000_000
            lost(mine, because: RESPError(.connectFailed, "no connection to \(place) within \(limit) ms"))
        }
        let connecting = Connector.connect(to: endpoint, settings: settings, core: self, attempt: mine)
        connecting.assumeIsolated().whenComplete { [weak self] result in
            guard let self, isCurrent(mine) else {
                if case .success(let channel) = result { channel.close(promise: nil) }
                return
            }
            switch result {
            case .success(let channel): connected(channel)
            case .failure(let error): lost(mine, because: Connector.error(error, at: place))
            }
        }
    }

    private func connected(_ channel: any Channel) {
        guard let endpoint else { return }
        self.channel = channel
        phase = .handshaking
        let handshake = Handshake(endpoint, needsMaster: settings.source.needsMaster)
        self.handshake = handshake
        var buffer = channel.allocator.buffer(capacity: 256)
        for command in handshake.commands { command.encode(into: &buffer) }
        channel.writeAndFlush(buffer, promise: nil)
    }

    func judge(_ value: RESPValue) {
        switch handshake?.received(value) {
        case .goOn, nil: break
        case .failed(let error, let isPermanent):
            if case .master(_, let refute) = settings.source { refute() }
            lost(attempt, because: error, isPermanent: isPermanent)
        case .done:
            handshake = nil
            attemptTimer?.cancel()
            phase = .ready
            lastFailure = nil
            if isOutage { settings.logger.info("\(place) is reachable again") }
            isOutage = false
            writeFirst(settings.hooks.onReady())
            pump()
            rearm()
            closeIfDone()
        }
    }

    /// The connection, or the attempt to make one, has ended.
    /// - Parameter isPermanent: no use in waiting for a better attempt.
    func lost(_ mine: Int, because error: RESPError, isPermanent: Bool = false) {
        guard isCurrent(mine), phase != .idle, phase != .backingOff else { return }
        let wasUsable = phase == .ready || phase == .retiring
        attempt += 1
        attemptTimer?.cancel()
        handshake = nil
        let place = place
        let former = channel
        channel = nil
        lastFailure = error
        phase = .backingOff
        barrier = nil
        for pending in queue.lost() + group.release().map(\.token) {
            pending.settle(.failure(.outcomeUnknown(pending.command.name, at: place, because: error)))
        }
        former?.close(promise: nil)
        if !isOutage, wasUsable || queue.hasWaiting { settings.logger.warning("\(error)") }
        isOutage = isOutage || !wasUsable || queue.hasWaiting
        if isClosing { return finishClosing(because: error) }
        if isPermanent || error.isPermanentFailure { failWaiting(because: error) }
        let delay = backoff.failed(using: &random)
        attemptTimer = eventLoop.assumeIsolated().scheduleTask(in: delay) { [weak self] in self?.backedOff() }
    }

    private func backedOff() {
        guard phase == .backingOff else { return }
        phase = .idle
        if queue.hasWaiting || settings.keepsConnected { connect() }
    }

    func reset(because error: RESPError) {
        guard channel != nil else { return }
        backoff.discouraged()
        lost(attempt, because: error)
    }

    /// A former master that still answers may do so for a moment more, so that a planned change leaves no outcome unknown.
    func follow(_ address: RESPEndpoint.Address) {
        guard let endpoint, endpoint.address != address else { return }
        backoff.succeeded()
        let mine = attempt
        let error = RESPError(.connectionLost, "\(place) is no master any more, \(address) is")
        switch phase {
        case .ready where queue.hasWritten, .retiring:
            phase = .retiring
            attemptTimer?.cancel()
            attemptTimer = eventLoop.assumeIsolated().scheduleTask(in: Self.farewell) { [weak self] in self?.lost(mine, because: error) }
        case .connecting, .handshaking, .ready: lost(mine, because: error)
        case .backingOff:
            attemptTimer?.cancel()
            backedOff()
        case .idle, .closed: break
        }
    }
}
