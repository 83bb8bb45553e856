/// What a connection says before any command of others: who it is, which database, and whether it really speaks to a master. All of it goes
/// out at once; the replies are judged here as they come.
struct Handshake {
    enum Step {
        case goOn
        case done
        /// `isPermanent`: trying again is of no use until somebody changes a setting.
        case failed(RESPError, isPermanent: Bool)
    }

    private enum Part { case hello, select, role }

    let commands: [RESPCommand]
    private let parts: [Part]
    private let endpoint: RESPEndpoint
    private var answered = 0

    /// - Parameter needsMaster: refuses a replica, for what Sentinel says of a master may be out of date.
    init(_ endpoint: RESPEndpoint, needsMaster: Bool) {
        self.endpoint = endpoint
        var hello = RESPCommand("HELLO", "3")
        if let password = endpoint.password {
            hello.append("AUTH")
            hello.append(endpoint.user ?? "default")
            hello.append(password.value)
        }
        if let name = endpoint.clientName {
            hello.append("SETNAME")
            hello.append(name)
        }
        var commands = [hello]
        var parts = [Part.hello]
        if endpoint.database != 0 {
            commands.append(RESPCommand("SELECT", String(endpoint.database)))
            parts.append(.select)
        }
        if needsMaster {
            commands.append(RESPCommand("ROLE"))
            parts.append(.role)
        }
        self.commands = commands
        self.parts = parts
    }

    mutating func received(_ value: RESPValue) -> Step {
        guard answered < parts.count else { return failed("more replies than commands", isPermanent: false) }
        let part = parts[answered]
        answered += 1
        if case .error(let error) = value { return refused(part, error) }
        switch part {
        case .hello where value["proto"]?.integer != 3:
            return failed("the server does not speak RESP3; Redis 6 or later is needed", isPermanent: true)
        case .role where value.elements?.first?.string != "master":
            return failed("the server is no master but '\(value.elements?.first?.string ?? "?")'", isPermanent: false)
        default: return answered == parts.count ? .done : .goOn
        }
    }

    private func refused(_ part: Part, _ error: RESPServerError) -> Step {
        switch (part, error.prefix) {
        case (.role, .noPerm):
            // Managed servers may forbid it. A write to a replica would still be refused.
            return answered == parts.count ? .done : .goOn
        case (_, .loading), (_, .busy), (_, .masterDown):
            return failed("the server is not ready: \(error)", isPermanent: false, error)
        case (.hello, .wrongPass), (.hello, .noAuth):
            let who = endpoint.user.map { "user '\($0)'" } ?? "the default user"
            let hint = endpoint.password == nil ? "a password is needed" : "check user and password"
            return failed("no login for \(who): \(error); \(hint)", isPermanent: true, error)
        case (.hello, .err) where error.message.lowercased().hasPrefix("unknown command"), (.hello, .noProtocol):
            return failed("the server does not speak RESP3 (\(error)); Redis 6 or later is needed", isPermanent: true, error)
        case (.hello, .err) where error.message.lowercased().contains("max number of clients"):
            return failed("the server has no room: \(error)", isPermanent: false, error)
        case (.hello, _):
            return failed("the server refused the login: \(error)", isPermanent: true, error)
        case (.select, _):
            return failed("database \(endpoint.database) cannot be used: \(error)", isPermanent: true, error)
        case (.role, _):
            return failed("the server does not tell its role: \(error)", isPermanent: false, error)
        }
    }

    private func failed(_ why: String, isPermanent: Bool, _ error: RESPServerError? = nil) -> Step {
        .failed(RESPError(.connectFailed, "\(endpoint): \(why)", server: error), isPermanent: isPermanent)
    }
}
