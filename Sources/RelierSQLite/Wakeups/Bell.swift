import Foundation
import Logging
import Relier
import Synchronization

/// The one thread of an engine that waits for wake-ups from other processes, for deadlines and due times, and once a second for whatever may have been missed.
/// It starts with the first waiter.
final class Bell: Sendable {
    /// How often a waiting process looks into the database though nobody rang.
    static let fallback = Duration.seconds(1)
    /// The least pause between two looks for ended tasks, while settlements ring all the time.
    private static let lookPause = Duration.milliseconds(2)

    let hub: WaitHub
    private let stations: Stations?
    private let logger: Logger
    /// Which of these tasks have ended or are unknown.
    private let ended: @Sendable ([TaskID]) throws -> [TaskID]
    private let outlook: @Sendable (Incarnation, UInt64) throws -> WorkOutlook

    private struct State {
        var started = false
        var closed = false
        var published = WaitHub.Interest()
        var station: LockedFile?
        /// This process's own pipe; for a named one both ends are one descriptor.
        var pipe: Int32 = -1
        var writeEnd: Int32 = -1
        /// When the thread looks next by itself.
        var planned: ContinuousClock.Instant?
    }
    private let state = Mutex(State())
    private let stopped = DispatchSemaphore(value: 0)

    init(
        hub: WaitHub, stations: Stations?, logger: Logger, ended: @escaping @Sendable ([TaskID]) throws -> [TaskID],
        outlook: @escaping @Sendable (Incarnation, UInt64) throws -> WorkOutlook
    ) {
        self.hub = hub
        self.stations = stations
        self.logger = logger
        self.ended = ended
        self.outlook = outlook
    }

    /// Tells other processes what this one waits for, and makes sure that the thread runs. Call it after registering a waiter and after forgetting one.
    ///
    /// Answers `false` when nobody would wake the waiter: the engine is closed, or the system gives no thread.
    @discardableResult
    func publish(deadline: ContinuousClock.Instant? = nil) -> Bool {
        state.withLock { state in
            if state.closed { return false }
            if !state.started && !start(&state) { return false }
            let interest = hub.interest
            if let station = state.station {
                if interest.queues != state.published.queues {
                    _ = withUnsafeBytes(of: interest.queues) { station.write($0, at: Stations.queuesOffset) }
                }
                // Others clear the flag for work when they ring, so it is written each time.
                if interest.work || state.published.work {
                    _ = withUnsafeBytes(of: UInt8(interest.work ? 1 : 0)) { station.write($0, at: Stations.workOffset) }
                }
                if interest.results != state.published.results {
                    _ = withUnsafeBytes(of: UInt8(interest.results ? 1 : 0)) { station.write($0, at: Stations.resultsOffset) }
                }
            }
            state.published = interest
            if let deadline, state.planned.map({ deadline < $0 }) ?? true { nudge(state.writeEnd) }
            return true
        }
    }

    /// Passes on what a transaction of this process changed.
    func committed(_ effects: Effects) {
        if effects.wakeAll {
            hub.wakeAllWork()
            stations?.ringWork(queues: .max, count: .max)
        } else if !effects.ready.isEmpty {
            for (queue, count) in effects.ready {
                let left = count - hub.wakeWork(queues: WaitHub.bit(queue), count: count)
                if left > 0 { stations?.ringWork(queues: WaitHub.bit(queue), count: left) }
            }
        }
        if !effects.due.isEmpty {
            let queues = effects.due.reduce(0) { $0 | WaitHub.bit($1) }
            if hub.interest.queues & queues != 0 { state.withLock { nudge($0.writeEnd) } }
            stations?.ringWork(queues: queues, count: .max)
        }
        if !effects.ended.isEmpty {
            hub.wakeEnds(of: effects.ended)
            stations?.ringResults()
        }
    }

    func close() {
        let wait = state.withLock { state -> Bool in
            if state.closed { return false }
            state.closed = true
            nudge(state.writeEnd)
            return state.started
        }
        if wait { stopped.wait() }
        for (token, _, _) in hub.workWaiters { hub.fire(token) }
        hub.wakeEnds(of: hub.awaitedIDs)
    }

    // The thread

    private func nudge(_ pipe: Int32) {
        var byte: UInt8 = 0
        if pipe >= 0 { _ = write(pipe, &byte, 1) }
    }

    private func start(_ state: inout State) -> Bool {
        if state.pipe < 0 {
            if let stations {
                openStation(stations, &state)
            } else {
                openPrivatePipe(&state)
            }
        }
        do {
            try POSIXThread.start("relier-sqlite-bell") { [self] in
                serve()
                stopped.signal()
            }
        } catch {
            logger.error("\(error); new tasks are noticed late")
            return false
        }
        state.started = true
        return true
    }

    private func openStation(_ stations: Stations, _ state: inout State) {
        let directory = stations.directory
        let path = directory.path("\(stations.own).bell")
        do { try directory.make() } catch { logger.warning("\(error)") }
        unlink(path)
        if mkfifo(path, 0o660) == 0 { state.pipe = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC) }
        if state.pipe >= 0 { directory.grantAccess(to: state.pipe) }
        guard state.pipe >= 0 else {
            logger.warning("no wake-up pipe at \(path): new tasks are noticed once a second; check the directory's permissions")
            return openPrivatePipe(&state)
        }
        state.writeEnd = state.pipe
        var content = [UInt8](repeating: 0, count: Stations.size)
        content.replaceSubrange(0..<8, with: Stations.magic)
        withUnsafeBytes(of: getpid()) { content.replaceSubrange(24..<28, with: $0) }
        do {
            state.station = try directory.createLocked("\(stations.own).station", content: content)
        } catch {
            logger.warning("\(error): new tasks are noticed once a second")
        }
    }

    /// Makes station and pipe again when somebody has removed them. On the thread that waits for the pipe.
    private func standAgain() {
        guard let stations else { return }
        state.withLock { state in
            let directory = stations.directory
            guard let station = state.station else { return }
            let hasPipe = access(directory.path("\(stations.own).bell"), F_OK) == 0 || errno != ENOENT
            if hasPipe && station.isAt(directory.path("\(stations.own).station")) { return }
            state.station = nil
            closePipe(&state)
            openStation(stations, &state)
            state.published = WaitHub.Interest()
        }
    }

    private func closePipe(_ state: inout State) {
        for end in Set([state.pipe, state.writeEnd]) where end >= 0 { Foundation.close(end) }
        (state.pipe, state.writeEnd) = (-1, -1)
    }

    /// A pipe without a name: only this process rings.
    private func openPrivatePipe(_ state: inout State) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return }
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        (state.pipe, state.writeEnd) = (ends[0], ends[1])
    }

    private func serve() {
        var lastLook = ContinuousClock.now
        var nextFallback = ContinuousClock.now + Self.fallback
        while true {
            let planned = plan(fallback: nextFallback)
            let (pipe, closed) = state.withLock { ($0.pipe, $0.closed) }
            if closed { break }
            let rung: Bool
            switch wait(for: pipe, until: planned) {
            case .rung: rung = true
            case .nothing: rung = false
            case .closed:
                logger.error("the wake-up pipe was closed by something else in this process: new tasks are noticed once a second")
                state.withLock { ($0.pipe, $0.writeEnd) = (-1, -1) }
                continue
            }
            if state.withLock({ $0.closed }) { break }
            let now = ContinuousClock.now
            let overdue = now >= nextFallback
            if rung { drain(pipe) }
            if rung || overdue || hub.isWorkDue(at: now) {
                if overdue { standAgain() }
                // Whoever rang took the flag down. It is up again before the look, so that no later push is missed.
                publish()
                lookForWork()
                // One look answers all rings of a moment.
                let pause = Self.lookPause - (now - lastLook)
                if pause > .zero && hub.awaitsEnds { usleep(UInt32(pause.microseconds)) }
                lookForEnds()
                lastLook = ContinuousClock.now
                if overdue { nextFallback = lastLook + Self.fallback }
            }
            hub.expire(at: ContinuousClock.now)
        }
        state.withLock { state in
            state.station = nil
            closePipe(&state)
        }
        if let stations {
            unlink(stations.directory.path("\(stations.own).station"))
            unlink(stations.directory.path("\(stations.own).bell"))
        }
    }

    /// Until when to sleep; `nil` while nobody waits.
    private func plan(fallback: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        state.withLock { state in
            let deadline = hub.nextDeadline
            state.planned = deadline.map { min($0, max(fallback, ContinuousClock.now)) }
            return state.planned
        }
    }

    private enum Ring {
        case rung
        case nothing
        /// The descriptor is no longer open: waiting for it again would end at once, for ever.
        case closed
    }

    private func wait(for pipe: Int32, until planned: ContinuousClock.Instant?) -> Ring {
        // Without a pipe nobody can ring.
        var timeout: Int32 = pipe < 0 ? 100 : -1
        if let planned {
            let left = (planned - ContinuousClock.now).microseconds
            timeout = Int32(clamping: max(0, (left + 999) / 1000))
        }
        var entry = pollfd(fd: pipe, events: Int16(POLLIN), revents: 0)
        if poll(&entry, 1, timeout) <= 0 { return .nothing }
        return entry.revents & Int16(POLLNVAL) == 0 ? .rung : .closed
    }

    private func drain(_ pipe: Int32) {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while read(pipe, &buffer, buffer.count) > 0 {}
    }

    // A failure is not reported here: the waiters look again within a second, and meet it in their own calls.

    private func lookForWork() {
        for (token, incarnation, queues) in hub.workWaiters {
            do {
                switch try outlook(incarnation, queues) {
                case .now: hub.fire(token)
                case .later(let pause): hub.expectWork(token, at: .now + pause)
                case .nothing: hub.expectWork(token, at: nil)
                }
            } catch {
                logger.debug("looking for work failed: \(error)")
            }
        }
    }

    private func lookForEnds() {
        let ids = hub.awaitedIDs
        if ids.isEmpty { return }
        do { hub.wakeEnds(of: try ended(ids)) } catch { logger.debug("looking for results failed: \(error)") }
    }
}
