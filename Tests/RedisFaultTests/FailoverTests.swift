import Foundation
import RESP
import Relier
import RelierRedis
import RelierTesting
import TestSupport
import Testing

/// Sentinel makes the replica the master, under load, since the master was killed.
@Suite(.serialized) struct FailoverTests {
    private struct Setting {
        let master: RedisServer
        let replica: RedisServer
        let sentinel: RedisServer
        var nodes: String { "127.0.0.1:\(sentinel.port)" }

        static func make() async throws -> Setting {
            let master = try await RedisServer(.init(append: .always))
            let replica = try await RedisServer(.init(append: .always, master: master.port))
            // Long enough that a busy machine makes it no failover before the kill.
            let sentinel = try await RedisServer(.sentinel(of: master.port, name: "relier-master", silence: 3000))
            return Setting(master: master, replica: replica, sentinel: sentinel)
        }

        func awaitReplica(_ scene: RedisScene) async throws {
            try await until("the replica is in step, and the sentinel knows it") {
                let isInStep = try await replica.command("INFO", "replication").string?.contains("master_link_status:up") == true
                let known = try await sentinel.command("SENTINEL", "REPLICAS", "relier-master").elements?.count
                return isInStep && known == 1
            }
        }

        /// Kills the master and waits until the sentinel names the other.
        /// - Returns: when the other was named, and how long that took.
        func failOver(_ scene: RedisScene) async throws -> (at: ContinuousClock.Instant, took: Duration) {
            master.kill()
            let start = ContinuousClock.now
            try await until("the sentinel names another master") {
                try await sentinel.command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "relier-master").elements?.last?.integer == replica.port
            }
            return (.now, start.duration(to: .now))
        }

        func stop() { for server in [sentinel, replica, master] { server.stop() } }
    }

    private func environment(_ setting: Setting, _ more: [String: String] = [:]) -> [String: String] {
        ["RELIER_REDIS_SENTINEL_NODES": setting.nodes].merging(more) { $1 }
    }

    @Test(.timeLimit(.minutes(30))) func workGoesOnWithTheNewMaster() async throws {
        for round in 0..<RedisScene.rounds(1) {
            let setting = try await Setting.make()
            defer { setting.stop() }
            try await RedisScene.run { scene in
                try await setting.awaitReplica(scene)
                let engine = try RedisEngine(sentinels: setting.nodes, master: "relier-master", options: RedisScene.options())
                let workers = try scene.workers(at: "redis://any", ["--processes=2"], environment: environment(setting))
                let load = Producers(engine, evidence: scene.evidence)
                let pushing = Task { try await load.push(2000, pause: .milliseconds(15)) }
                try await until("800 pushes have returned") { load.accepted.count >= 800 }
                let killedAt = ContinuousClock.now
                let (at, took) = try await setting.failOver(scene)
                let before = scene.lines().count
                try await until("work goes on") { scene.lines().count > before }
                let claimed = at.duration(to: .now)
                #expect(claimed < .seconds(2))
                try await pushing.value
                let verdict = try await Verdict.of(load.accepted, in: scene, by: engine)
                tell("failover round \(round): \(verdict), a new master after \(took), work goes on \(claimed) later")
                // Replication is asynchronous: the old master's last moment may be gone.
                #expect(verdict.missing.allSatisfy { $0.at > killedAt - .seconds(1) && $0.at < at }, "\(verdict)")
                #expect(
                    verdict.notCommittedOnce == 0 && verdict.neverRan <= verdict.missing.count && verdict.resurrections == 0, "\(verdict)")
                #expect(workers.drain() == 0)
                try await engine.close()
            }
        }
    }

    /// The old master comes back as a replica; until then nothing that waits for one returns.
    @Test(.timeLimit(.minutes(30))) func nothingThatAReplicaHasIsLost() async throws {
        for round in 0..<RedisScene.rounds(1) {
            let setting = try await Setting.make()
            defer { setting.stop() }
            try await RedisScene.run { scene in
                try await setting.awaitReplica(scene)
                let options = RedisScene.options { $0.durability = .replicated(1) }
                let engine = try RedisEngine(sentinels: setting.nodes, master: "relier-master", options: options)
                let workers = try scene.workers(
                    at: "redis://any", ["--processes=2"], environment: environment(setting, ["RELIER_REDIS_REPLICAS": "1"]))
                let load = Producers(engine, evidence: scene.evidence)
                let pushing = Task { try await load.push(2000, pause: .milliseconds(15)) }
                try await until("800 pushes have returned") { load.accepted.count >= 800 }
                let (_, took) = try await setting.failOver(scene)
                try await setting.master.start()
                try await pushing.value
                let verdict = try await Verdict.of(load.accepted, in: scene, by: engine)
                tell(
                    "replicated failover round \(round): \(verdict), a new master after \(took), \(load.failures.count) pushes failed, "
                        + "\(load.unknown) of them unknown")
                verdict.expectExact(ranOnce: false)
                #expect(verdict.resurrections == 0)
                #expect(workers.drain() == 0)
                try await engine.close()
            }
        }
    }
}
