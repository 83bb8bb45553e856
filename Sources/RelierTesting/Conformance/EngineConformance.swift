/// What every engine must hold: one check for each guarantee that an engine can break.
///
/// The suite needs no test framework. With Swift Testing one parameterised test runs it all:
///
/// ```swift
/// @Test(arguments: EngineConformance.all)
/// func myEngine(check: EngineConformance.Check) async throws {
///     try await EngineConformance { try await makeMyEngine() }.run(check)
/// }
/// ```
///
/// Each check is also a method. It makes a fresh engine, throws ``ConformanceFailure`` where the engine breaks its contract, and disposes of the engine.
public struct EngineConformance: Sendable {
    let makeEngine: @Sendable () async throws -> EngineUnderTest

    /// - Parameter makeEngine: a fresh, empty engine; called once a check.
    public init(makeEngine: @escaping @Sendable () async throws -> EngineUnderTest) {
        self.makeEngine = makeEngine
    }

    /// Every check.
    public static let all: [Check] =
        pushChecks + claimChecks + clockChecks + dueChecks + scheduleChecks + fenceChecks + settleChecks + deadLetterChecks + keyChecks
        + keyHandoverChecks
        + operationChecks
        + childChecks + checkpointChecks + leaseChecks + releaseChecks + releaseRaceChecks + suspectChecks + blameChecks + crashReportChecks
        + parkingChecks + limitChecks + limitSlotChecks + limitChangeChecks + pauseChecks
        + envelopeChecks + admissionChecks + backlogChecks
        + waitingChecks + retentionChecks + listingChecks + lostReplyChecks + cancelChecks + heartbeatChecks + modelChecks

    /// The checks for an engine under test without these abilities.
    public static func checks(without missing: Set<Ability>) -> [Check] {
        all.filter { check in check.needs.map { !missing.contains($0) } ?? true }
    }

    /// - Throws: ``ConformanceFailure``, or what the engine or its set-up threw.
    public func run(_ check: Check) async throws {
        try await check.body(self)
    }

    /// One guarantee, by the name of its method.
    public struct Check: Sendable, Identifiable, CustomStringConvertible {
        public let name: String
        /// What the engine under test must be able to do for it; `nil` for nothing special.
        public let needs: Ability?
        let body: @Sendable (EngineConformance) async throws -> Void

        init(_ name: String, needs: Ability? = nil, _ body: @escaping @Sendable (EngineConformance) async throws -> Void) {
            self.name = name
            self.needs = needs
            self.body = body
        }

        public var id: String { name }
        public var description: String { name }
    }

    /// What not every engine under test can do.
    public struct Ability: Sendable, Hashable, CustomStringConvertible {
        public let description: String

        /// ``EngineUnderTest/simulateDeath``: the engine itself notices that an incarnation's process is gone.
        public static let noticesDeath = Ability(description: "noticesDeath")
        /// ``EngineUnderTest/jumpWallClock``: the wall clock can be set apart from the engine's clock.
        public static let separateWallClock = Ability(description: "separateWallClock")
        /// ``EngineUnderTest/keepsOrder``: the tasks of a queue are claimed in the order of their pushes.
        public static let keepsOrder = Ability(description: "keepsOrder")
        /// ``EngineUnderTest/alterPayload``: what is stored can be changed behind the engine's back.
        public static let altersStorage = Ability(description: "altersStorage")
        /// ``EngineUnderTest/plantForeign``: records that are no tasks can be put into the storage.
        public static let plantsForeign = Ability(description: "plantsForeign")
    }
}

/// A guarantee that an engine broke.
public struct ConformanceFailure: Error, Sendable, CustomStringConvertible {
    /// The method of ``EngineConformance``.
    public let check: String
    /// What should have been, and what was.
    public let expectation: String

    public var description: String { "\(check): \(expectation)" }
}
