import Foundation
import RelierTesting
import Synchronization

/// Stands between clients and a server of this machine, and does to their connections what networks do.
final class TCPProxy: Sendable {
    enum Weather: Sendable {
        case clear
        /// Nothing passes. What was sent meanwhile arrives when the weather clears, as it does with TCP.
        case blackHole
        /// Each way takes so much longer.
        case slow(milliseconds: UInt32)
        /// One of so many pieces is lost, or arrives in part, and its connection with it.
        case lossy(oneOf: Int)
        /// The next reply is cut in its middle, and its connection with it; then it clears.
        case cutsReply
    }

    enum Direction: Sendable { case request, reply }

    private enum Fate {
        case pass
        case cut(after: Int)
    }

    private struct State {
        var weather = Weather.clear
        var connections: [ObjectIdentifier: ProxiedConnection] = [:]
        var cuts = 0
        var accepted = 0
        /// Pieces that do not pass.
        var held = 0
        var isClosed = false
        var random = SystemRandomNumberGenerator()
    }

    let port: Int
    private let target: Int
    private let listener: Int32
    private let state = Mutex(State())

    init(to target: Int) throws {
        self.target = target
        port = try LoopbackPort.free()
        listener = try LoopbackSocket.listening(on: port)
        let thread = Thread { [self] in accept() }
        thread.start()
    }

    func set(_ weather: Weather) { state.withLock { $0.weather = weather } }

    /// How many connections it has cut by itself.
    var cuts: Int { state.withLock { $0.cuts } }
    /// How many connections it has accepted.
    var accepted: Int { state.withLock { $0.accepted } }
    /// Whether something has come that does not pass.
    var isHolding: Bool { state.withLock { $0.held > 0 } }
    var isClear: Bool { state.withLock { if case .clear = $0.weather { true } else { false } } }

    /// Closes every connection on both sides.
    func cut() { for connection in state.withLock({ Array($0.connections.values) }) { connection.cut() } }

    /// The server's side of every connection ends, and the client does not hear of it: what it sends goes nowhere. New connections are well.
    func halfOpen() { for connection in state.withLock({ Array($0.connections.values) }) { connection.halfOpen() } }

    func close() {
        state.withLock { $0.isClosed = true }
        shutdown(listener, Int32(SHUT_RDWR))
        cut()
    }

    private func accept() {
        while true {
            let client = Foundation.accept(listener, nil, nil)
            if state.withLock({ $0.isClosed }) || client < 0 {
                if client >= 0 { Foundation.close(client) }
                Foundation.close(listener)
                return
            }
            awaitPassage()
            guard let server = try? LoopbackSocket.connected(to: target) else {
                Foundation.close(client)
                continue
            }
            let connection = ProxiedConnection(client: client, server: server)
            state.withLock {
                $0.connections[ObjectIdentifier(connection)] = connection
                $0.accepted += 1
            }
            for direction in [Direction.request, .reply] {
                Thread { [self] in
                    connection.pump(direction) { carry($0, $1, on: connection) }
                    if connection.leave() { state.withLock { _ = $0.connections.removeValue(forKey: ObjectIdentifier(connection)) } }
                }.start()
            }
        }
    }

    /// Blocks the thread while nothing passes.
    private func awaitPassage() {
        while state.withLock({ if case .blackHole = $0.weather { !$0.isClosed } else { false } }) {
            usleep(2000)  // waits: between two looks at the weather
        }
    }

    /// Passes a piece on, as the weather has it.
    private func carry(_ bytes: ArraySlice<UInt8>, _ direction: Direction, on connection: ProxiedConnection) -> Bool {
        if case .slow(let milliseconds) = state.withLock({ $0.weather }) { usleep(milliseconds * 1000) }  // waits: as a slow network does
        state.withLock { $0.held += 1 }
        awaitPassage()
        state.withLock { $0.held -= 1 }
        let fate = state.withLock { state -> Fate in
            switch state.weather {
            case .lossy(let oneOf) where Int.random(in: 0..<oneOf, using: &state.random) == 0: break
            case .cutsReply where direction == .reply && bytes.count > 1:
                state.weather = .clear
                state.cuts += 1
                return .cut(after: bytes.count / 2)
            default: return .pass
            }
            state.cuts += 1
            return .cut(after: Bool.random(using: &state.random) ? 0 : Int.random(in: 0..<bytes.count, using: &state.random))
        }
        guard case .cut(let count) = fate else { return connection.send(bytes, direction) }
        _ = connection.send(bytes.prefix(count), direction)
        connection.cut()
        return false
    }
}
