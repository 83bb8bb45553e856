import RESP

/// The transitions. Each is a file of its own, which names the parts of the library that stand before it and its flags.
enum Scripts {
    static let push = script("push", PackageResources.push_lua)
    static let claim = script("claim", PackageResources.claim_lua)
    static let settle = script("settle", PackageResources.settle_lua)
    static let checkpoint = script("checkpoint", PackageResources.checkpoint_lua)
    static let acquireKey = script("key_acquire", PackageResources.key_acquire_lua)
    static let settleKey = script("key_settle", PackageResources.key_settle_lua)
    static let bodyReturned = script("body_returned", PackageResources.body_returned_lua)
    static let join = script("join", PackageResources.join_lua)
    static let leave = script("leave", PackageResources.leave_lua)
    static let renew = script("renew", PackageResources.renew_lua)
    static let release = script("release", PackageResources.release_lua)
    static let cancel = script("cancel", PackageResources.cancel_lua)
    static let releaseLetter = script("letter_release", PackageResources.letter_release_lua)
    static let pause = script("pause", PackageResources.pause_lua)
    static let order = script("order", PackageResources.order_lua)
    static let crashReport = script("crash_report", PackageResources.crash_report_lua)
    static let tend = script("tend", PackageResources.tend_lua)
    static let idle = script("idle", PackageResources.idle_lua)
    static let unidle = script("unidle", PackageResources.unidle_lua)
    static let watch = script("watch", PackageResources.watch_lua)
    static let inspect = script("inspect", PackageResources.inspect_lua)
    static let peek = script("peek", PackageResources.peek_lua)
    static let peekState = script("peek_state", PackageResources.peek_state_lua)
    static let peekEnded = script("peek_ended", PackageResources.peek_ended_lua)
    static let letters = script("letters", PackageResources.letters_lua)
    static let members = script("members", PackageResources.members_lua)
    static let queues = script("queues", PackageResources.queues_lua)
    static let admission = script("admission", PackageResources.admission_lua)
    static let announce = script("schedule_announce", PackageResources.schedule_announce_lua)
    static let schedules = script("schedules", PackageResources.schedules_lua)
    static let suspectsWaiting = script("suspects_waiting", PackageResources.suspects_waiting_lua)
    static let clock = script("clock", PackageResources.clock_lua)

    // Steps of what concerns several partitions.
    static let partitions = script("partitions", PackageResources.partitions_lua)
    static let mail = script("mail", PackageResources.mail_lua)
    static let mailDone = script("mail_done", PackageResources.mail_done_lua)
    static let reserveKeys = script("key_reserve", PackageResources.key_reserve_lua)
    static let lookAtKey = script("key_look", PackageResources.key_look_lua)
    static let truthOfKey = script("key_truth", PackageResources.key_truth_lua)
    static let swapKey = script("key_swap", PackageResources.key_swap_lua)
    static let noteHand = script("hand_note", PackageResources.hand_note_lua)
    static let dropHand = script("hand_drop", PackageResources.hand_drop_lua)
    static let takeHand = script("hand_take", PackageResources.hand_take_lua)
    static let waitForHand = script("hand_wait", PackageResources.hand_wait_lua)
    static let wakeForHand = script("hand_wake", PackageResources.hand_wake_lua)
    static let knownChildren = script("children_known", PackageResources.children_known_lua)
    static let noteChildren = script("children_note", PackageResources.children_note_lua)
    static let admit = script("admit", PackageResources.admit_lua)
    static let lockBacklog = script("backlog_lock", PackageResources.backlog_lock_lua)
    static let unadmit = script("unadmit", PackageResources.unadmit_lua)
    static let recordTick = script("tick_record", PackageResources.tick_record_lua)
    static let tickDone = script("tick_done", PackageResources.tick_done_lua)
    static let recovered = script("recovered", PackageResources.recovered_lua)

    private static let library: [String: [UInt8]] = [
        "core": PackageResources.core_lua, "task": PackageResources.task_lua, "names": PackageResources.names_lua,
        "wake": PackageResources.wake_lua, "ready_key": PackageResources.ready_key_lua, "ready": PackageResources.ready_lua,
        "history": PackageResources.history_lua, "gates": PackageResources.gates_lua, "keys": PackageResources.keys_lua,
        "ending_read": PackageResources.ending_read_lua, "records": PackageResources.records_lua, "ending": PackageResources.ending_lua,
        "foreign": PackageResources.foreign_lua, "forget": PackageResources.forget_lua, "backlog": PackageResources.backlog_lua,
        "listing": PackageResources.listing_lua, "pushing": PackageResources.pushing_lua, "claiming": PackageResources.claiming_lua,
        "settling": PackageResources.settling_lua, "losses": PackageResources.losses_lua, "lone": PackageResources.lone_lua,
    ]

    private static func script(_ name: String, _ bytes: [UInt8]) -> RESPScript {
        let text = ScriptText(String(decoding: bytes, as: UTF8.self)) { String(decoding: library[$0, default: []], as: UTF8.self) }
        return RESPScript(name, source: text.whole)
    }
}

/// Puts a script together. Its first lines say of what:
///
/// - `-- flags:` of Redis itself;
/// - `-- uses:` parts of the library that stand before it;
/// - `-- special:` parts that stand where it says `--@special`, inside of a function `special()` that answers their functions by name and makes them when
///   it is called first. A script makes its functions anew at each call, which for the whole library takes longer than a plain task.
struct ScriptText {
    let whole: String

    init(_ script: String, part: (String) -> String) {
        func header(_ name: String) -> [String] {
            let line = script.split(separator: "\n").first { $0.hasPrefix("-- \(name): ") }
            return line.map { $0.dropFirst(name.utf8.count + 5).split(separator: " ").map(String.init) } ?? []
        }
        func code(_ text: String) -> [Substring] {
            text.split(separator: "\n").filter { line in
                let code = line.drop { $0 == " " }
                return !code.hasPrefix("--") || code.hasPrefix("--@")
            }
        }
        let flags = header("flags")
        var lines: [Substring] = ["#!lua\(flags.isEmpty ? "" : " flags=\(flags.joined(separator: ","))")"]
        lines += header("uses").flatMap { code(part($0)) }
        let special = header("special").flatMap { code(part($0)) }
        for line in code(script) {
            guard line == "--@special" else {
                lines.append(line)
                continue
            }
            lines += [
                "local made", "local function isSpecial() return made ~= nil end", "local function special()",
                "if made then return made end",
            ]
            lines += special
            let names = special.compactMap { line in
                line.hasPrefix("local function ") ? line.dropFirst(15).prefix { $0 != "(" } : nil
            }
            lines += ["made = {"] + names.map { "\($0) = \($0)," } + ["}", "return made", "end"]
        }
        whole = lines.joined(separator: "\n")
    }
}
