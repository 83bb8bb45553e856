import Foundation

/// Where the engine reads its clocks; every reading of time goes through it, so that tests can move it.
public struct SQLiteClock: Sendable {
    /// Microseconds since the machine started, counting sleep. Never goes back within one boot.
    public var bootTime: @Sendable () -> Int64
    /// Microseconds since 1970-01-01T00:00Z on the wall clock, which may be set at any time.
    public var wallTime: @Sendable () -> Int64
    /// What tells one boot of the machine from another, at most 64 bytes; `unknown` where that cannot be told.
    public var bootID: @Sendable () -> String

    public init(
        bootTime: @escaping @Sendable () -> Int64, wallTime: @escaping @Sendable () -> Int64, bootID: @escaping @Sendable () -> String
    ) {
        self.bootTime = bootTime
        self.wallTime = wallTime
        self.bootID = bootID
    }

    /// The ``bootID`` of a machine that does not tell.
    static let unknownBoot = "unknown"

    /// Whether two ids are known to be of two boots.
    static func differ(_ one: String, _ other: String) -> Bool { one != unknownBoot && other != unknownBoot && one != other }

    /// The machine's own clocks.
    public static let system: SQLiteClock = {
        let boot = systemBootID()
        return SQLiteClock(
            bootTime: { microseconds(of: bootClock) },
            wallTime: { microseconds(of: CLOCK_REALTIME) },
            bootID: { boot })
    }()

    #if os(Linux)
        private static let bootClock = CLOCK_BOOTTIME
        private static func systemBootID() -> String {
            let text = try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
            return text?.trimmingCharacters(in: .whitespacesAndNewlines) ?? unknownBoot
        }
    #else
        private static let bootClock = CLOCK_MONOTONIC_RAW
        private static func systemBootID() -> String {
            var buffer = [CChar](repeating: 0, count: 64)
            var size = buffer.count
            guard sysctlbyname("kern.bootsessionuuid", &buffer, &size, nil, 0) == 0 else { return unknownBoot }
            return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    #endif

    private static func microseconds(of clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    }
}
