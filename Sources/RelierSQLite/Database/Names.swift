import Foundation
import GRDB
import Relier

/// A task's name and payload version, as stored.
struct KindName: Hashable, Sendable {
    let name: String
    let version: Int

    /// Stands for a number that no kind has.
    static let missing = KindName(name: "?", version: 0)
}

/// Who an incarnation was, for histories.
struct IncarnationLabel: Sendable {
    let incarnation: Incarnation
    let worker: String
}

/// What a joined incarnation can run and where. Never changes while it is joined.
struct WorkerProfile: Sendable {
    /// Of its rows in `incarnation` and `worker`.
    let number: Int64
    let info: WorkerInfo
    /// The highest version of each name that it can run.
    let versions: [String: Int]
    /// Serves `re-queue` by name, so that other pools leave the recoveries to it.
    let dedicated: Bool

    init(number: Int64, info: WorkerInfo) {
        self.number = number
        self.info = info
        versions = Dictionary(info.kinds.map { ($0.name, $0.version) }, uniquingKeysWith: max)
        dedicated = info.queues.contains(.requeue)
    }

    func canRun(_ kind: KindName) -> Bool { versions[kind.name].map { kind.version <= $0 } ?? false }

    /// The profile of a joined incarnation; `nil` when it is not joined.
    static func load(_ incarnation: Incarnation, from db: Database) throws -> WorkerProfile? {
        try db.row(
            "SELECT worker.number, worker.info FROM incarnation JOIN worker USING (number) WHERE incarnation.uuid = ?", .id(incarnation)
        ) { row in
            WorkerProfile(number: row.int(0), info: try JSONDecoder().decode(WorkerInfo.self, from: Data(row.text(1).utf8)))
        }
    }
}

extension Store {
    /// The queue's number, made at its first use.
    func number(of queue: Queue) throws -> Int64 {
        if let number = queueNumbers[queue] { return number }
        try db.run("INSERT INTO queue (name) VALUES (?) ON CONFLICT DO NOTHING", .text(queue.name))
        let number = try db.row("SELECT number FROM queue WHERE name = ?", .text(queue.name)) { $0.int(0) } ?? 0
        queueNumbers[queue] = number
        queueNames[number] = queue
        return number
    }

    func queue(_ number: Int64) throws -> Queue {
        if let queue = queueNames[number] { return queue }
        // What is not there may be made later: not kept.
        guard let name = try db.row("SELECT name FROM queue WHERE number = ?", .int(number), transform: { $0.text(0) }) else {
            return Queue("?")
        }
        queueNames[number] = Queue(name)
        return Queue(name)
    }

    func number(ofName name: String, version: Int) throws -> Int64 {
        let kind = KindName(name: name, version: version)
        if let number = kindNumbers[kind] { return number }
        try db.run("INSERT INTO kind (name, version) VALUES (?, ?) ON CONFLICT DO NOTHING", .text(name), .int(version))
        let number =
            try db.row("SELECT number FROM kind WHERE name = ? AND version = ?", .text(name), .int(version)) { $0.int(0) } ?? 0
        kindNumbers[kind] = number
        kindNames[number] = kind
        return number
    }

    func kind(_ number: Int64) throws -> KindName {
        if let kind = kindNames[number] { return kind }
        let kind = try db.kind(number)
        if kind == .missing { return kind }
        kindNames[number] = kind
        return kind
    }

    /// Who the incarnation of that number was.
    func label(of number: Int64) throws -> IncarnationLabel {
        if let label = labels[number] { return label }
        let label = try db.label(of: number)
        labels[number] = label
        return label
    }

    /// The incarnation as it joined; `nil` when it is not joined, or no more.
    func joined(_ incarnation: Incarnation) throws -> WorkerProfile? {
        if let profile = profiles[incarnation] {
            hot.joined.bind(1, profile.number)
            defer { hot.joined.reset() }
            guard try hot.joined.step() else { return nil }
            anyPaused = hot.joined.int(0) != 0
            return profile
        }
        guard let profile = try WorkerProfile.load(incarnation, from: db) else { return nil }
        profiles[incarnation] = profile
        anyPaused = true
        return profile
    }
}

extension Database {
    func label(of number: Int64) throws -> IncarnationLabel {
        try row("SELECT uuid, name FROM incarnation WHERE number = ?", .int(number)) {
            IncarnationLabel(incarnation: $0.id(0), worker: $0.text(1))
        } ?? IncarnationLabel(incarnation: Incarnation(high: 0, low: 0), worker: "?")
    }
}
