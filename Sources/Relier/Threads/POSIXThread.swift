import Dispatch
import Foundation

/// A thread of the system's, whose creation can fail: a limit of processes is a user's setting, and Foundation's `Thread` does not say that it was met.
package enum POSIXThread {
    /// Runs `body` on a new thread, which ends with it.
    ///
    /// - Parameters:
    ///   - name: for debuggers and `top`; the kernel keeps 15 bytes of it.
    ///   - stackSize: in bytes; `nil` takes the system's default.
    /// - Throws: ``POSIXFailure`` when the system gives none; its text names the limits to raise.
    package static func start(
        _ name: String, stackSize: Int? = nil, _ body: @escaping @Sendable () -> Void
    ) throws(POSIXFailure) {
        let attributes = UnsafeMutablePointer<pthread_attr_t>.allocate(capacity: 1)
        defer { attributes.deallocate() }
        pthread_attr_init(attributes)
        defer { pthread_attr_destroy(attributes) }
        if let stackSize { pthread_attr_setstacksize(attributes, stackSize) }
        let work = Unmanaged.passRetained(Work(name: name, body: body))
        #if canImport(Darwin)
            var thread: pthread_t?
        #else
            var thread = pthread_t()
        #endif
        let code = pthread_create(&thread, attributes, { runWork($0) }, work.toOpaque())
        guard code == 0 else {
            work.release()
            throw POSIXFailure("cannot start the thread '\(name)'\(hint(for: code))", code: code)
        }
        #if canImport(Darwin)
            if let thread { pthread_detach(thread) }
        #else
            pthread_detach(thread)
        #endif
    }

    /// Makes sure that the system gives this process so many more threads now, by having them for a moment. What it gives later is not certain.
    /// - Throws: ``POSIXFailure`` when it does not.
    package static func probe(_ count: Int) throws(POSIXFailure) {
        let end = DispatchSemaphore(value: 0)
        let ended = DispatchSemaphore(value: 0)
        var started = 0
        defer {
            for _ in 0..<started { end.signal() }
            for _ in 0..<started { ended.wait() }
        }
        for _ in 0..<count {
            try start("relier-probe", stackSize: 64 << 10) {
                end.wait()
                ended.signal()
            }
            started += 1
        }
    }

    private static func hint(for code: Int32) -> String {
        code == EAGAIN
            ? " (the limit of processes and threads is met: raise 'ulimit -u' of this user, or pids.max of the container)" : ""
    }

    fileprivate final class Work: Sendable {
        let name: String
        let body: @Sendable () -> Void

        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }

        /// Names the calling thread.
        func setName() {
            #if canImport(Darwin)
                pthread_setname_np(name)
            #else
                // Glibc shows its call for this to GNU programs only.
                let file = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
                if file < 0 { return }
                defer { close(file) }
                _ = name.withCString { write(file, $0, min(15, strlen($0))) }
            #endif
        }
    }
}

private func runWork(_ pointer: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let pointer else { return nil }
    let work = Unmanaged<POSIXThread.Work>.fromOpaque(pointer).takeRetainedValue()
    work.setName()
    work.body()
    return nil
}
