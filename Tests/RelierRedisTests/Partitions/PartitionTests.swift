import Foundation
import Relier
import RelierTesting
import Testing

@testable import RelierRedis

@Suite("A namespace of several partitions", .serialized)
struct PartitionTests: PartitionScene {
    let namespace = "p-\(UUID().uuidString)"

    @Test("the number of partitions is fixed when a namespace is created")
    func fixedNumber() async throws {
        let first = try await engine()
        let error = await #expect(throws: EngineError.self) { try await engine(partitions: 2) }
        #expect(error?.code == .failed && error?.message.contains("has 4 partitions, not 2; set partitions to 4") == true)
        try await first.close()
    }

    @Test("a namespace that is older than the number has one")
    func oldNamespace() async throws {
        let old = try await engine(partitions: 1)
        _ = try await old.push([task()])
        _ = try await old.tamper("DEL", Array(":partitions".utf8), [])
        await #expect(throws: EngineError.self) { try await engine() }
        try await engine(partitions: 1).close()
        try await old.close()
    }

    @Test("when all has ended, nothing is left of what went between partitions")
    func growth() async throws {
        let server = try await RedisServer()
        defer { server.stop() }
        var options = RedisOptions(namespace: namespace, partitions: partitions)
        options.movesClocks = true
        let engine = try await RedisEngine.connect(server.url, options: options)
        let info = worker()
        _ = try await engine.join(info)
        _ = try await engine.push((0..<50).map { task(key: "k\($0)", limits: [limit]) }, admission: AdmissionPolicy())
        _ = try await engine.push((0..<20).map { _ in task("other") })
        for number in 1...3 {
            let claimed = try await claim(engine, info, Int64(number), 40)
            for (index, task) in claimed.enumerated() {
                let answer = try await engine.acquireKey("hand \(index % 7)", for: task.envelope.id, fence: task.fence)
                if case .held = answer, number < 3 {
                    try await settle(engine, task, .snooze(key: "hand \(index % 7)"))
                } else {
                    try await settle(
                        engine, task,
                        index.isMultiple(of: 3)
                            ? .quarantine(reason: "E", message: "m", keyHeld: false) : .commit(result: Data("1".utf8)))
                }
            }
        }
        for number in 4...20 {
            for task in try await claim(engine, info, Int64(number)) { try await settle(engine, task, .commit(result: Data("1".utf8))) }
        }
        try await engine.leave(info.incarnation)
        try await engine.moveClocks(engine: .days(100), wall: .days(100))
        while try await engine.tend(batch: 1000, unregisteredAfter: nil).remaining {}
        let left = try await server.keys().map { $0.split(separator: ":").dropFirst(2).first.map(String.init) ?? "" }
        #expect(Set(left).isDisjoint(with: ["out", "kf", "af", "ticks", "g", "o", "aw", "aws", "a"]), "\(Set(left))")
        try await engine.close()
    }
}
