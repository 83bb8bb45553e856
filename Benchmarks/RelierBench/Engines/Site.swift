import ArgumentParser
import Relier
import RelierRedis
import RelierSQLite

/// Where the tasks of a round stand, in a form that another process can be told.
enum Site: Sendable, Hashable, ExpressibleByArgument {
    case sqlite(path: String, durability: SQLiteOptions.Durability)
    case redis(url: String, namespace: String)

    init?(argument: String) {
        let parts = argument.split(separator: "|", maxSplits: 2).map(String.init)
        guard parts.count == 3 else { return nil }
        switch parts[0] {
        case "sqlite":
            guard let durability = SQLiteOptions.Durability(rawValue: parts[1]) else { return nil }
            self = .sqlite(path: parts[2], durability: durability)
        case "redis": self = .redis(url: parts[2], namespace: parts[1])
        default: return nil
        }
    }

    var argument: String {
        switch self {
        case .sqlite(let path, let durability): "sqlite|\(durability.rawValue)|\(path)"
        case .redis(let url, let namespace): "redis|\(namespace)|\(url)"
        }
    }

    /// What a child process is told.
    var arguments: [String] { ["--site", argument] }

    func open() throws -> any Engine {
        switch self {
        case .sqlite(let path, let durability):
            try SQLiteEngine(path: path, options: SQLiteOptions(durability: durability, logger: .bench))
        case .redis(let url, let namespace): try RedisEngine(url, options: RedisOptions(namespace: namespace, logger: .bench))
        }
    }
}
