import Relier

/// Draws histories: few keys, few workers, short times, so that what happens at once happens to the same things.
struct ModelGenerator {
    private var random: SplitMix64

    /// The same seed draws the same history.
    static func history(seed: UInt64, steps: Int) -> ModelHistory {
        // Neighbouring seeds have nothing in common.
        var mixer = SplitMix64(state: seed)
        var generator = ModelGenerator(random: SplitMix64(state: mixer.next()))
        let rules = generator.rules()
        var drawn = [ModelStep(action: .join(.plain(limits: rules.count)), handle: 0, fault: nil, salt: mixer.next())]
        while drawn.count < steps { drawn.append(generator.step(rules)) }
        return ModelHistory(seed: seed, rules: rules, steps: drawn)
    }

    private mutating func draw(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
    private mutating func chance(_ percent: Int) -> Bool { draw(1...100) <= percent }
    private mutating func pick() -> Int { draw(0...0xffff) }
    private mutating func minutes(_ range: ClosedRange<Int>) -> Duration { .minutes(draw(range)) }

    /// Most histories have one limit or two; some have none.
    private mutating func rules() -> [LimitRule] {
        func rule(_ kind: LimitRule.Kind, _ window: Duration? = nil) -> LimitRule {
            let isPerKey = kind == .keyConcurrency || kind == .keyRate
            return LimitRule(task: "work", kind: kind, arguments: isPerKey ? ["k"] : [], maximum: 2, window: window)
        }
        switch draw(0...9) {
        case 0: return []
        case 1...3: return [rule(.keyConcurrency)]
        case 4: return [rule(.taskConcurrency)]
        case 5: return [rule(.keyConcurrency), rule(.taskConcurrency)]
        case 6: return [rule(.keyRate, .minutes(5))]
        case 7: return [rule(.keyConcurrency), rule(.keyRate, .minutes(3))]
        case 8: return [rule(.taskRate, .minutes(2)), rule(.taskConcurrency)]
        default: return [rule(.keyConcurrency), rule(.keyRate, .minutes(4)), rule(.taskRate, .minutes(2)), rule(.taskConcurrency)]
        }
    }

    private mutating func step(_ rules: [LimitRule]) -> ModelStep {
        var fault: ModelStep.Fault?
        if chance(9) { fault = chance(65) ? .replyLost : .requestLost }
        let action = action(rules)
        return ModelStep(action: action, handle: pick(), fault: fault, salt: random.next())
    }

    private mutating func action(_ rules: [LimitRule]) -> ModelStep.Action {
        switch draw(0...199) {
        case 0..<30: return .push(drafts(), parent: nil)
        case 30..<37: return .push(drafts(), parent: pick())
        case 37..<41: return .pushAgain(pick())
        case 41..<55: return .join(profile(rules))
        case 55..<60: return .loseAlone(death(), limits())
        case 60..<90: return .claim(worker: pick(), limit: draw(1...4), order: pick())
        case 90..<98: return .claimSuspect(worker: pick())
        case 98..<122: return .settle(attempt: pick(), outcome(), byLease: chance(15))
        case 122..<129: return .writeLate(claim: pick(), write())
        case 129..<132: return .saveCheckpoint(attempt: pick(), chance(85) ? draw(0...9) : nil)
        case 132..<144: return .takeKey(attempt: pick(), key: draw(0...1))
        case 144..<148: return .settleKey(attempt: pick(), key: draw(0...1), hasValue: chance(60))
        case 148..<154: return .bodyReturned(pick())
        case 154..<160: return .renew(worker: pick(), forgets: chance(10))
        case 160..<169: return .die(worker: pick(), death(), limits())
        case 169..<171: return .vanish(worker: pick())
        case 171..<173: return .loseLease(worker: pick(), renewsMeanwhile: chance(20))
        case 173..<174: return .leave(worker: pick())
        case 174..<178: return .cancel(task: pick(), terminate: chance(50))
        case 178..<182: return .releaseDeadLetter(pick(), fresh: chance(40))
        case 182..<185: return .setPaused(chance(45), queue: draw(0...2))
        case 185..<194: return .passTime(time())
        case 194..<195: return .jumpWallClock(chance(50) ? .days(draw(1...30)) : .days(-draw(1...30)))
        default: return .tend
        }
    }

    private mutating func drafts() -> [ModelDraft] { (0..<(chance(75) ? 1 : draw(2...4))).map { _ in draft() } }

    private mutating func draft() -> ModelDraft {
        let due: ModelDraft.Due
        switch draw(0...19) {
        case 0..<16: due = .now
        case 16..<19: due = .after(minutes(1...20))
        default: due = .at(minutes(-5...20))
        }
        return ModelDraft(
            isOther: chance(15), version: chance(88) ? 1 : 2, queue: chance(75) ? 0 : 1, due: due, key: chance(50) ? draw(0...2) : nil,
            isShortLived: chance(50), limit: chance(45) ? draw(0...1) : nil, number: draw(0...3))
    }

    private mutating func profile(_ rules: [LimitRule]) -> ModelProfile {
        var profile = ModelProfile.plain(limits: rules.count)
        if chance(15) { profile.version = 1 }
        if chance(10) { profile.knowsWork = false }
        if profile.knowsWork && chance(10) { profile.knowsOther = false }
        if chance(35) { profile.queues = [draw(0...1)] }
        profile.isDedicated = chance(10)
        profile.maxima = rules.map { _ in chance(10) ? nil : draw(1...3) }
        if chance(15) { profile.sharesProcess = pick() }
        profile.isElsewhere = chance(20)
        return profile
    }

    private mutating func outcome() -> ModelOutcome {
        switch draw(0...19) {
        case 0..<10: return .commit
        case 10..<13: return .retry(after: chance(40) ? .zero : minutes(1...6), bodyRuns: chance(30))
        case 13..<16: return .quarantine(keyHeld: chance(55))
        case 16..<18: return .handBack
        default: return .snooze(key: draw(0...1))
        }
    }

    private mutating func write() -> ModelWrite {
        switch draw(0...9) {
        case 0..<5: return .settle(outcome())
        case 5: return .saveCheckpoint
        case 6: return .takeKey(draw(0...1))
        case 7: return .settleKey(draw(0...1))
        default: return .pushChild(draft())
        }
    }

    private mutating func limits() -> ReleaseLimits {
        var limits = ReleaseLimits(maxResurrections: chance(50) ? draw(1...2) : 50, maxLosses: chance(25) ? draw(2...4) : 50)
        // Either nobody more may wait to run alone, or everybody: with a bound in between it would matter in which order a release goes through its tasks.
        limits.maxLoneTasks = chance(15) ? 0 : 1000
        if chance(15) { limits.batch = draw(1...2) }
        if chance(8) { limits.maxRequeueDepth = draw(1...2) }
        return limits
    }

    private mutating func death() -> Death {
        let deaths: [Death] = [
            .signalled(9), .signalled(9), .signalled(11), .signalled(4), .exited(status: 0), .selfStopped, .drained,
            .outOfMemory, .leaseEnded,
        ]
        return deaths[draw(0...deaths.count - 1)]
    }

    /// Mostly seconds and minutes; now and then longer than a key, a history or a dead letter lives.
    private mutating func time() -> Duration {
        switch draw(0...99) {
        case 0..<30: .seconds(draw(1...50))
        case 30..<85: minutes(1...12)
        case 85..<96: .hours(draw(1...3))
        case 96..<99: .hours(25)
        default: .days(91)
        }
    }
}

extension ModelProfile {
    /// Knows and serves everything.
    static func plain(limits: Int) -> ModelProfile {
        ModelProfile(
            version: 2, knowsWork: true, knowsOther: true, queues: [0, 1], isDedicated: false,
            maxima: Array(repeating: 2, count: limits), sharesProcess: nil)
    }
}
