public import Foundation
import Relier
public import RelierSQLite
import Synchronization

/// A clock that stands still until a test moves it: the boot clock, the wall clock and the boots of an imagined machine.
///
/// ```swift
/// let clock = TestClock()
/// let engine = try SQLiteEngine.inMemory(options: SQLiteOptions(clock: clock.sqlite))
/// clock.advance(by: .hours(2))
/// ```
///
/// Delays, retries and times to live follow it. Timeouts of bodies, leases and waiting do not: those are real time.
public final class TestClock: Sendable {
    private struct State {
        var boot: Int64 = 60_000_000
        var wall: Int64
        var boots = 1
    }
    private let state: Mutex<State>

    /// - Parameter date: what the wall clock shows at first; noon of 1 June 2026 UTC unless given.
    public init(date: Date = Date(timeIntervalSince1970: 1_780_315_200)) {
        state = Mutex(State(wall: Int64(date.timeIntervalSince1970 * 1e6)))
    }

    /// What the wall clock shows.
    public var date: Date { Date(timeIntervalSince1970: Double(state.withLock { $0.wall }) / 1e6) }

    /// Lets time pass, on all clocks. A duration of less than zero passes no time.
    public func advance(by duration: Duration) {
        let microseconds = max(0, duration.microseconds)
        state.withLock { state in
            state.boot += microseconds
            state.wall += microseconds
        }
    }

    /// Sets the wall clock forward, or with a negative duration back, as an operator or a time server would. No time passes.
    public func jumpWallClock(by duration: Duration) {
        state.withLock { $0.wall += duration.microseconds }
    }

    /// Starts the machine anew: its boot clock starts again, and an engine that is opened after this sees another boot. `downtime` passes on the wall clock.
    public func reboot(downtime: Duration = .seconds(30)) {
        state.withLock { state in
            state.boot = 1_000_000
            state.wall += max(0, downtime.microseconds)
            state.boots += 1
        }
    }

    /// For ``SQLiteOptions/clock``.
    public var sqlite: SQLiteClock {
        SQLiteClock(
            bootTime: { self.state.withLock { $0.boot } },
            wallTime: { self.state.withLock { $0.wall } },
            bootID: { "test-boot-\(self.state.withLock { $0.boots })" })
    }
}
