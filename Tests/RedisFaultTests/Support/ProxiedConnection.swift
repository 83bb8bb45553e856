import Foundation
import RelierTesting
import Synchronization

/// One connection through a ``TCPProxy``: two sockets, and a thread for each direction.
final class ProxiedConnection: Sendable {
    private struct State {
        var isHalfOpen = false
        /// Threads that use the sockets; the last one closes them.
        var users = 2
    }

    private let client: Int32
    private let server: Int32
    private let state = Mutex(State())

    init(client: Int32, server: Int32) {
        self.client = client
        self.server = server
    }

    /// Reads until the end of its side, and hands on what came.
    func pump(_ direction: TCPProxy.Direction, _ carry: (ArraySlice<UInt8>, TCPProxy.Direction) -> Bool) {
        let source = direction == .request ? client : server
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while case let count = recv(source, &buffer, buffer.count, 0), count > 0 {
            if state.withLock({ $0.isHalfOpen }) { continue }
            if !carry(buffer[..<count], direction) { break }
        }
        // Of a half-open connection only the client's own end is an end.
        if direction == .request || !state.withLock({ $0.isHalfOpen }) { cut() }
    }

    func send(_ bytes: ArraySlice<UInt8>, _ direction: TCPProxy.Direction) -> Bool {
        if state.withLock({ $0.isHalfOpen }) { return true }
        return LoopbackSocket.send(bytes, to: direction == .request ? server : client)
    }

    func cut() {
        state.withLock { state in
            guard state.users > 0 else { return }
            shutdown(client, Int32(SHUT_RDWR))
            shutdown(server, Int32(SHUT_RDWR))
        }
    }

    func halfOpen() {
        state.withLock { state in
            guard state.users > 0 else { return }
            state.isHalfOpen = true
            shutdown(server, Int32(SHUT_RDWR))
        }
    }

    /// A thread is done. `true` for the last one.
    func leave() -> Bool {
        state.withLock { state in
            state.users -= 1
            guard state.users == 0 else { return false }
            close(client)
            close(server)
            return true
        }
    }
}

/// Plain sockets of 127.0.0.1.
enum LoopbackSocket {
    static func listening(on port: Int) throws -> Int32 {
        let descriptor = try make()
        guard with(port, { bind(descriptor, $0, $1) }) == 0, listen(descriptor, 128) == 0 else {
            throw SceneFailure("cannot listen on port \(port)")
        }
        return descriptor
    }

    static func connected(to port: Int) throws -> Int32 {
        let descriptor = try make()
        guard with(port, { connect(descriptor, $0, $1) }) == 0 else {
            close(descriptor)
            throw SceneFailure("nobody listens on port \(port)")
        }
        return descriptor
    }

    static func send(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count <= 0 { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    private static func make() throws -> Int32 {
        // Not for children of this process, which would hold it open.
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        if descriptor < 0 { throw SceneFailure("no socket: \(String(cString: strerror(errno)))") }
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        return descriptor
    }

    private static func with(_ port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
    }
}
