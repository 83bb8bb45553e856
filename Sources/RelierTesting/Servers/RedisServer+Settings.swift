extension RedisServer {
    /// When what is appended is on disk.
    public struct Append: Sendable, Hashable {
        let word: String?

        /// Before the server answers.
        public static let always = Append(word: "always")
        /// Within a second or two.
        public static let everySecond = Append(word: "everysec")
        /// When the kernel likes. Outlives the server, not its machine.
        public static let unsynced = Append(word: "no")
        /// There is no file.
        public static let off = Append(word: nil)
    }

    /// A user of the server's, the only one with rights besides `admin`.
    public struct User: Sendable, Hashable {
        public var name: String
        public var password: String
        /// As in `ACL SETUSER`, such as `~rl:* &rl:* +@all`.
        public var rights: String

        public init(name: String, password: String, rights: String) {
            self.name = name
            self.password = password
            self.rights = rights
        }
    }

    /// How a server is set up.
    public struct Settings: Sendable {
        /// More lines of `redis.conf`; they come last.
        public var lines: [String]
        public var append: Append
        /// Logs in with ``RedisServer/url``; without one everybody may do everything.
        public var user: User?
        /// With them the port takes TLS alone.
        public var certificates: TestCertificates?
        /// The port of the server to follow.
        public var master: Int?
        /// `redis-server --sentinel`.
        public var isSentinel: Bool
        /// Its clock can be moved by ``RedisServer/setClock(ahead:)``; needs Debian's package `faketime`.
        public var movesClock: Bool
        /// A free one unless set.
        public var port: Int?

        public init(
            lines: [String] = [], append: Append = .everySecond, user: User? = nil, certificates: TestCertificates? = nil,
            master: Int? = nil,
            isSentinel: Bool = false, movesClock: Bool = false, port: Int? = nil
        ) {
            self.lines = lines
            self.append = append
            self.user = user
            self.certificates = certificates
            self.master = master
            self.isSentinel = isSentinel
            self.movesClock = movesClock
            self.port = port
        }

        /// Sentinel over a master of this machine that it knows as `name`, alone entitled to a failover once the master was silent for `milliseconds`.
        public static func sentinel(of master: Int, name: String, silence milliseconds: Int = 500) -> Settings {
            Settings(
                lines: [
                    "sentinel monitor \(name) 127.0.0.1 \(master) 1", "sentinel down-after-milliseconds \(name) \(milliseconds)",
                    "sentinel failover-timeout \(name) 3000", "sentinel parallel-syncs \(name) 1",
                ], isSentinel: true)
        }

        func configuration(port: Int, directory: String) -> [String] {
            var all = ["bind 127.0.0.1", "dir \(directory)"]
            if let certificates {
                all += [
                    "port 0", "tls-port \(port)", "tls-cert-file \(certificates.server.certificate)",
                    "tls-key-file \(certificates.server.key)",
                    "tls-ca-cert-file \(certificates.authority)", "tls-auth-clients no",
                ]
            } else {
                all.append("port \(port)")
            }
            if !isSentinel {
                all += ["save \"\"", "maxmemory-policy noeviction", "repl-diskless-sync-delay 0"]
                all += append.word.map { ["appendonly yes", "appendfsync \($0)"] } ?? ["appendonly no"]
            }
            if let user {
                all += ["user default off"] + [Self.admin, user].map { "user \($0.name) on >\($0.password) \($0.rights)" }
            }
            if let master { all.append("replicaof 127.0.0.1 \(master)") }
            return all + lines
        }

        static let admin = User(name: "admin", password: "admin", rights: "~* &* +@all")

        func url(port: Int, user: User?) -> String {
            let login = user.map { "\($0.name):\($0.password)@" } ?? ""
            // The name that stands in the certificate.
            return certificates.map { "rediss://\(login)localhost:\(port)?ca=\($0.authority)" } ?? "redis://\(login)127.0.0.1:\(port)"
        }
    }
}
