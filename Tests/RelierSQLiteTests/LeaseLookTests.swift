import Foundation
import Logging
import Relier
import Synchronization
import Testing

@testable import RelierSQLite

/// What a look at another's lease says, and what it does not say when it fails.
@Suite struct LeaseLookTests {
    let directory: TemporaryDirectory
    let log = LogLines()

    init() throws { directory = try TemporaryDirectory() }

    private var runtime: RuntimeDirectory { RuntimeDirectory(for: directory.file()) }

    private func leases(_ opener: @escaping FileOpener = LockedFile.systemOpener) throws -> FileLeases {
        try runtime.make()
        return FileLeases(in: runtime, boot: "boot-1", database: nil, logger: log.logger, opener: opener)
    }

    @Test(arguments: [
        (EACCES, "EACCES"), (EMFILE, "EMFILE"), (ENFILE, "ENFILE"), (EIO, "EIO"), (ENOMEM, "ENOMEM"), (ELOOP, "ELOOP"), (71, "errno 71"),
    ])
    func aFailedLookSaysNothingAndIsLoggedOnce(failure: Int32, name: String) throws {
        let one = Incarnation.next()
        let lease = try leases().open(one)
        let blind = try leases { _, _ in
            errno = failure
            return -1
        }
        for _ in 0..<5 { #expect(blind.state(of: one) == LeaseState(counter: nil, holder: .unknown)) }
        #expect(log.lines.count == 1)
        #expect(log.lines.first?.contains("(\(name): ") == true)
        #expect(try leases().state(of: one) == LeaseState(counter: 1, holder: .alive))
        lease.end()
        #expect(blind.state(of: one).holder == .unknown)
        #expect(try leases().state(of: one) == LeaseState(counter: 1, holder: .gone))
    }

    @Test func anInterruptedLookIsRepeated() throws {
        let one = Incarnation.next()
        let lease = try leases().open(one)
        let calls = Mutex(0)
        let interrupted = try leases { path, flags in
            let isFirst = calls.withLock { calls in
                calls += 1
                return calls <= 3
            }
            if isFirst {
                errno = EINTR
                return -1
            }
            return open(path, flags)
        }
        #expect(interrupted.state(of: one) == LeaseState(counter: 1, holder: .alive))
        lease.end()
    }

    @Test func contentIsJudgedOnlyUnderTheLock() throws {
        for content in [[], [UInt8](repeating: 0, count: 40), [UInt8](repeating: 7, count: 112)] {
            let one = Incarnation.next()
            try runtime.make()
            let file = try runtime.createLocked("\(one).lease", content: content)
            #expect(try leases().state(of: one) == LeaseState(counter: nil, holder: .unknown))
            file.unlock()
            #expect(try leases().state(of: one) == LeaseState(counter: nil, holder: .gone), "a free lock needs no content")
        }
        #expect(log.lines.count == 3)
        #expect(log.lines.allSatisfy { $0.contains("its content is not a lease") })
    }

    @Test func aMissingFileStandsAtZero() throws {
        let book = try leases()
        let one = Incarnation.next()
        let lease = try book.open(one)
        book.remove(one)
        #expect(book.state(of: one) == LeaseState(counter: 0, holder: .unknown))
        try lease.advance(stuck: 3)
        #expect(book.state(of: one) == LeaseState(counter: 2, holder: .alive, stuck: 3))
        try FileManager.default.removeItem(atPath: runtime.root)
        #expect(book.state(of: one) == LeaseState(counter: 0, holder: .unknown))
        try lease.advance(stuck: 0)
        #expect(book.state(of: one) == LeaseState(counter: 3, holder: .alive))
        try FileManager.default.moveItem(atPath: runtime.root, toPath: directory.file("elsewhere"))
        try lease.advance(stuck: 0)
        #expect(book.state(of: one) == LeaseState(counter: 4, holder: .alive))
        lease.end()
        #expect(book.state(of: one).holder == .gone)
        #expect(log.lines.isEmpty)
    }

    @Test func whatOneSweeperCannotSeeItDoesNotRelease() async throws {
        let engine = try SQLiteEngine(path: directory.file())
        let worker = try await Hand(engine)
        _ = try await engine.push([task()])
        #expect(try await worker.claim().count == 1)
        try FileManager.default.removeItem(atPath: runtime.root)
        #expect(try await engine.leases().first?.counter == 0)
        #expect(try await engine.leases().first?.holderGone == false)
        let gone = ReleaseTarget.incarnation(worker.incarnation, counter: nil)
        #expect(try await engine.release(gone, death: .lockFreed, limits: ReleaseLimits()).count == 0)
        _ = try worker.lease.renew(holding: [:], settledThrough: 0)
        let stood = ReleaseTarget.incarnation(worker.incarnation, counter: 0)
        #expect(try await engine.release(stood, death: .leaseEnded, limits: ReleaseLimits()).count == 0, "the file is there again")
        try await engine.close()
    }

    @Test func aWorkerJoinsWithoutTheDirectory() async throws {
        let engine = try SQLiteEngine(path: directory.file())
        try FileManager.default.removeItem(atPath: runtime.root)
        let worker = try await Hand(engine)
        #expect(try await engine.leases().map(\.counter) == [1])
        withExtendedLifetime(worker) {}
        try await engine.close()
    }

    /// The umask of tests is not 0: what is granted here was granted past it.
    @Test(arguments: [0o600, 0o640, 0o664, 0o666] as [mode_t]) func filesAreForWhomTheDatabaseIsFor(mode: mode_t) async throws {
        let engine = try SQLiteEngine(path: directory.file())
        #expect(chmod(directory.file(), mode) == 0)
        let worker = try await Hand(engine)
        async let waited: Void = engine.awaitWork(worker.incarnation, queues: [.default], timeout: .milliseconds(50))
        await waited
        #expect(self.mode(runtime.path("\(worker.incarnation).lease")) == mode)
        for name in (runtime.names(suffix: ".bell") ?? []) + (runtime.names(suffix: ".station") ?? []) {
            #expect(self.mode(runtime.path(name)) == mode, "\(name)")
        }
        #expect(self.mode(runtime.root) == mode | (mode & 0o444) >> 2)
        // A change reaches a lease with its next renewal.
        #expect(chmod(directory.file(), 0o644) == 0)
        _ = try worker.lease.renew(holding: [:], settledThrough: 0)
        #expect(self.mode(runtime.path("\(worker.incarnation).lease")) == 0o644)
        try await engine.close()
        try await SQLiteEngine(path: directory.file()).close()
        for name in ["opening.lock", "turn.lock"] { #expect(self.mode(runtime.path(name)) == 0o644, "\(name)") }
    }

    private func mode(_ path: String) -> mode_t? {
        var info = stat()
        return stat(path, &info) == 0 ? info.st_mode & 0o777 : nil
    }
}

/// Collects what is logged at warning and above.
final class LogLines: Sendable {
    private let stored = Mutex<[String]>([])
    var lines: [String] { stored.withLock { $0 } }

    var logger: Logger { Logger(label: "test") { [self] _ in Handler(target: self) } }

    private struct Handler: LogHandler {
        let target: LogLines
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.warning

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) { target.stored.withLock { $0.append("\(event.message)") } }
    }
}
