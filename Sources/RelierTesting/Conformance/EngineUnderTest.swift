public import Foundation
public import Relier

/// A fresh engine and the ways in which ``EngineConformance`` plays the world around it.
public struct EngineUnderTest: Sendable {
    public var engine: any Engine
    /// What the engine was opened with.
    public var retention: Retention
    /// Opens one more handle on the same storage, as another process would. Without it the checks use ``engine`` from both sides.
    public var openAnother: (@Sendable () async throws -> any Engine)?
    /// Lets time pass: moves the engine's clock and the wall clock forward. The clocks may also go on by themselves.
    public var advance: @Sendable (Duration) async throws -> Void
    /// Sets the wall clock of all handles, forward or, with a negative duration, back. Time does not pass.
    public var jumpWallClock: (@Sendable (Duration) async throws -> Void)?
    /// What the wall clock of the engine shows.
    public var wallClock: @Sendable () async throws -> Date
    /// Makes it look to the engine as if the process that joined as this incarnation, through any handle, was killed.
    public var simulateDeath: (@Sendable (Incarnation) async throws -> Void)?
    /// Replaces the stored payload of a queued task behind the engine's back; everything else of it stays.
    public var alterPayload: (@Sendable (TaskID, Data) async throws -> Void)?
    /// Puts records where tasks are that no task can be (unknown states, numbers, names, as the storage allows), in the default queue where they have a
    /// queue at all. Answers how many.
    public var plantForeign: (@Sendable () async throws -> Int)?
    /// Whether the ready tasks of a queue are claimed in the order of their pushes. An engine that keeps them in several places need not; within a limit it
    /// must.
    public var keepsOrder: Bool
    /// Closes what was opened and removes what was stored. Called once, also after a failure; handles of ``openAnother`` are closed before.
    public var dispose: @Sendable () async throws -> Void

    public init(
        engine: any Engine,
        retention: Retention = Retention(),
        openAnother: (@Sendable () async throws -> any Engine)? = nil,
        advance: @escaping @Sendable (Duration) async throws -> Void,
        wallClock: @escaping @Sendable () async throws -> Date,
        jumpWallClock: (@Sendable (Duration) async throws -> Void)? = nil,
        simulateDeath: (@Sendable (Incarnation) async throws -> Void)? = nil,
        alterPayload: (@Sendable (TaskID, Data) async throws -> Void)? = nil,
        plantForeign: (@Sendable () async throws -> Int)? = nil,
        keepsOrder: Bool = true,
        dispose: @escaping @Sendable () async throws -> Void
    ) {
        self.engine = engine
        self.retention = retention
        self.openAnother = openAnother
        self.advance = advance
        self.wallClock = wallClock
        self.jumpWallClock = jumpWallClock
        self.simulateDeath = simulateDeath
        self.alterPayload = alterPayload
        self.plantForeign = plantForeign
        self.keepsOrder = keepsOrder
        self.dispose = dispose
    }
}
