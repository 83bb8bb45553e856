import Foundation
import NIOCore
import RESP
public import Relier

extension RedisEngine {
    public func health() async throws(EngineError) -> [HealthFinding] {
        let start = ContinuousClock.now
        let report = try await ServerReport.read(from: server)
        let latency = (ContinuousClock.now - start).inSeconds * 1000
        var findings = [
            HealthFinding("server", report.isRecent ? .ok : .failure, "\(location), \(report.product)"),
            HealthFinding(
                "role", report.isMaster ? .ok : .failure,
                report.isMaster ? "master with \(report.replicas) replicas" : "a replica takes no writes; give the master's address"),
            replication(report),
            durability(report), eviction(report), memory(report),
            HealthFinding(
                "latency", latency > 50 ? .warning : .ok, "\(Int(latency * 10) / 10) ms for a look at the server"),
        ]
        findings.append(await permissions())
        findings.append(await clock())
        return findings
    }

    private func replication(_ report: ServerReport) -> HealthFinding {
        let wanted = options.durability.replicas
        if wanted == 0 { return HealthFinding("replication", .ok, "pushes and commits wait for no replica") }
        return HealthFinding(
            "replication", report.replicas < wanted ? .failure : .ok,
            "pushes and commits wait for \(wanted) replicas, \(report.replicas) are connected")
    }

    private func durability(_ report: ServerReport) -> HealthFinding {
        if report.lastWriteFailed {
            return HealthFinding("durability", .failure, "the last write to the append-only file failed; look at the disk")
        }
        if report.appendsOnly {
            return HealthFinding("durability", .ok, "append-only file; with 'appendfsync everysec' a power cut may undo the last second")
        }
        if report.makesSnapshots {
            return HealthFinding("durability", .warning, "snapshots only: a crash undoes all since the last; set 'appendonly yes'")
        }
        return HealthFinding(
            "durability", options.allowsNoPersistence ? .warning : .failure,
            "nothing is kept on disk: a restart loses every task; set 'appendonly yes'")
    }

    private func eviction(_ report: ServerReport) -> HealthFinding {
        let policy = report.evictionPolicy ?? "unknown"
        if policy == "noeviction" { return HealthFinding("eviction", .ok, "noeviction") }
        return HealthFinding(
            "eviction", policy == "unknown" || options.allowsEviction ? .warning : .failure,
            "maxmemory-policy \(policy): tasks may be dropped when memory is short; set it to noeviction")
    }

    private func memory(_ report: ServerReport) -> HealthFinding {
        let used = "\(report.usedMemory >> 20) MiB used"
        if report.maxMemory == 0 { return HealthFinding("memory", .ok, "\(used), no limit set") }
        let share = report.usedMemory * 100 / report.maxMemory
        return HealthFinding("memory", share > 80 ? .warning : .ok, "\(used), \(share) % of maxmemory")
    }

    /// The scripts' own commands, tried on a key that means nothing.
    private func permissions() async -> HealthFinding {
        do {
            _ = try await server.run(Scripts.clock)
            let listens = await wakeups.listen()
            return listens
                ? HealthFinding("permissions", .ok, "scripts and subscriptions work")
                : HealthFinding("permissions", .warning, "subscriptions do not work: workers look for tasks five times a second")
        } catch {
            return HealthFinding("permissions", .failure, error.message)
        }
    }

    private func clock() async -> HealthFinding {
        guard let wall = try? await clocks().wall else { return HealthFinding("clock", .failure, "the server does not tell its time") }
        let drift = Double(wall) / 1e6 - Date().timeIntervalSince1970
        return HealthFinding(
            "clock", abs(drift) > 5 ? .warning : .ok, "the server's clock differs from this machine's by \(Int(drift * 1000)) ms")
    }
}
