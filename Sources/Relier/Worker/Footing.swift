import Foundation

/// The descriptors that a worker's process had when the worker began and never closes itself: its orders, and those that its event loops wait on.
///
/// Where one of them is gone, a body has closed what was not its own, and the process may be unable to reach its engine for good.
package struct Footing: Sendable {
    /// What each of these descriptors led to, as the kernel names it.
    private let links: [Int32: String]

    /// Takes them down as they are now.
    /// - Parameter orders: the descriptor of the supervisor's orders.
    init(orders: Int32) {
        var links: [Int32: String] = [:]
        let names = (try? FileManager.default.contentsOfDirectory(atPath: Self.folder)) ?? []
        for descriptor in names.compactMap({ Int32($0) }) {
            guard let link = Self.link(of: descriptor) else { continue }
            // Sockets and files come and go with connections; epoll, eventfd, timerfd and signalfd live as long as their loop.
            if descriptor == orders || link.hasPrefix("anon_inode:") { links[descriptor] = link }
        }
        self.links = links
    }

    /// Whether all of them are still open. Needs no descriptor, so that nothing can take the answer away; `true` where the system does not tell.
    var holds: Bool { links.allSatisfy { Self.link(of: $0.key) == $0.value } }

    private static let folder = "/proc/self/fd"

    private static func link(of descriptor: Int32) -> String? {
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = buffer.withUnsafeMutableBytes { bytes in
            guard let start = bytes.bindMemory(to: CChar.self).baseAddress else { return -1 }
            return readlink("\(folder)/\(descriptor)", start, bytes.count)
        }
        return count < 0 ? nil : String(decoding: buffer[..<count], as: UTF8.self)
    }
}
