import Foundation
import Relier

/// Where the imported airports go: a file to which every stored row adds a line, so that a row stored twice can be seen.
///
/// A line is one write to a file opened for appending: it is whole or absent when its process is killed, and lines of several
/// processes do not mix. It is not synced: a crash of the machine may lose the last ones.
struct AirportStore: Sendable {
    /// One stored row.
    struct Entry: Codable, Sendable, Hashable {
        var iata: String
        var task: TaskID
        var attempt: Int
        var resurrections: Int
    }

    let path: String
    /// How long a row takes at the least: the time a remote store would need.
    let pause: Duration

    /// The store of the body that runs here: `COOKBOOK_STORE` is its path (`airports.store`), `COOKBOOK_STORE_PAUSE_MS` its pause (0).
    @TaskLocal static var current = AirportStore(
        path: ProcessInfo.processInfo.environment["COOKBOOK_STORE"] ?? "airports.store",
        pause: .milliseconds(ProcessInfo.processInfo.environment["COOKBOOK_STORE_PAUSE_MS"].flatMap { Int($0) } ?? 0))

    /// Adds one row. It outlives the process from the moment this returns.
    /// - Throws: `CancellationError` before anything is written; ``StoreError`` when the file cannot be written.
    func append(_ entry: Entry) async throws {
        if pause > .zero { try await Task.sleep(for: pause) }
        try Task.checkCancellation()
        var line = try JSONEncoder().encode(entry)
        line.append(UInt8(ascii: "\n"))
        let descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw StoreError(path: path, code: errno) }
        defer { close(descriptor) }
        let written = line.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        if written != line.count { throw StoreError(path: path, code: written < 0 ? errno : ENOSPC) }
    }

    /// All stored rows in their order; none if nothing was stored yet.
    func entries() throws -> [Entry] {
        guard let data = FileManager.default.contents(atPath: path) else { return [] }
        let decoder = JSONDecoder()
        return try data.split(separator: UInt8(ascii: "\n")).map { try decoder.decode(Entry.self, from: $0) }
    }
}

/// The store's file could not be written.
struct StoreError: Error, CustomStringConvertible {
    let path: String
    let code: Int32
    var description: String { "\(path): \(String(cString: strerror(code))); set COOKBOOK_STORE to a file that can be written" }
}

/// Stores one row. It asks the running body's context which attempt it serves, and so needs no parameter for it.
func store(_ row: AirportRow) async throws {
    try await store(row.airport)
}

func store(_ airport: Airport) async throws {
    let context = try TaskContext.current
    try await AirportStore.current.append(
        AirportStore.Entry(iata: airport.iata, task: context.id, attempt: context.attempt, resurrections: context.resurrections))
}
