import Foundation

/// Ports of this machine's loopback interface.
public enum LoopbackPort {
    /// One that nobody listens on, now. Below the range that the kernel gives to outgoing connections: a client that tries a port of that range again and
    /// again while its server is away may meet itself there, and any other connection may take it.
    /// - Throws: ``ServerFailure`` where there is none.
    public static func free() throws -> Int {
        for _ in 0..<1000 {
            let port = Int.random(in: 15_000..<32_000)
            if withSocket(port, { bind($0, $1, $2) }) == 0 { return port }
        }
        throw ServerFailure("no free port on 127.0.0.1")
    }

    /// Whether somebody listens on it.
    public static func accepts(_ port: Int) -> Bool { withSocket(port) { connect($0, $1, $2) } == 0 }

    private static func withSocket(_ port: Int, _ body: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        #if os(Linux)
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
            let descriptor = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
    }
}
