import Foundation
public import Logging

/// How a supervisor starts and watches its workers.
public struct SupervisorSettings: Sendable {
    /// How many worker processes; 1 or more.
    public var processes: Int
    /// How many processes at most run suspects alone, side by side; 1 or more.
    public var isolatedProcesses: Int
    /// The program to spawn; the one that runs unless set.
    public var executable: String
    /// Its arguments, for a worker that lives in this process, isolated or not.
    public var arguments: @Sendable (_ process: TaskID, _ isolated: Bool) -> [String]
    /// What the workers find in their environment beside what is in this process's, or instead of it.
    public var environment: [String: String]
    /// How long a drain may take before what is left is killed: its workers' grace period.
    public var gracePeriod: Duration
    public var resurrection: ResurrectionSettings
    /// The tasks whose schedules it keeps; `nil` for none.
    public var schedules: TaskRegistry?
    public var scheduling: SchedulingSettings
    /// Let Swift's crash reporter write a backtrace when a worker traps. Recovery then waits for the report, up to ``backtraceLimit``.
    public var backtraces: Bool
    /// How long a crash report may take. A trapped process stands still meanwhile, with what it holds of the engine's locks; then it is killed,
    /// and the crash is told without its backtrace. Less than the workers' lease; 3 s unless set.
    public var backtraceLimit: Duration
    /// Hears of starts and deaths, in order.
    public var onEvent: (@Sendable (SupervisorEvent) -> Void)?
    public var logger: Logger

    public init(
        processes: Int = 1, isolatedProcesses: Int = 2, executable: String = SupervisorSettings.ownExecutable,
        arguments: @escaping @Sendable (_ process: TaskID, _ isolated: Bool) -> [String],
        environment: [String: String] = [:], gracePeriod: Duration = .seconds(25),
        resurrection: ResurrectionSettings = ResurrectionSettings(), schedules: TaskRegistry? = nil,
        scheduling: SchedulingSettings = SchedulingSettings(), backtraces: Bool = true,
        backtraceLimit: Duration = .seconds(3),
        onEvent: (@Sendable (SupervisorEvent) -> Void)? = nil, logger: Logger = Logger(label: "relier.supervisor")
    ) {
        self.processes = processes
        self.isolatedProcesses = isolatedProcesses
        self.executable = executable
        self.arguments = arguments
        self.environment = environment
        self.gracePeriod = gracePeriod
        self.resurrection = resurrection
        self.schedules = schedules
        self.scheduling = scheduling
        self.backtraces = backtraces
        self.backtraceLimit = backtraceLimit
        self.onEvent = onEvent
        self.logger = logger
    }

    /// The path of the program that runs; of its file in memory where that was replaced or removed since.
    public static var ownExecutable: String {
        let link = "/proc/self/exe"
        guard let path = try? FileManager.default.destinationOfSymbolicLink(atPath: link) else { return CommandLine.arguments[0] }
        return FileManager.default.isExecutableFile(atPath: path) ? path : link
    }
}

/// What a supervisor did or saw.
public enum SupervisorEvent: Sendable {
    case started(process: TaskID, pid: Int32, isolated: Bool)
    /// The process died and what it held was released.
    case died(process: TaskID, pid: Int32, death: Death, released: ReleaseReport)
}
