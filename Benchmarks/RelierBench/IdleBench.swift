import Foundation
import Relier

/// What a worker process with nothing to do takes; its supervisor sweeps.
struct IdleBench {
    let engine: any BenchEngine
    let scale: Scale

    func run() async throws -> [Figure] {
        let site = try await engine.site()
        let store = try site.open()
        let relier = Relier(store, settings: ClientSettings(logger: .bench))
        let redis = engine as? RedisBench
        let seconds = scale.count(30, quick: 3)
        let figures = try await Child.run(["work", "--supervised"] + site.arguments) { pid in
            _ = try await relier.push(StartTime()).value(timeout: .seconds(60))
            try await store.close()
            try await Task.sleep(for: .seconds(2))
            let (cpu, calls, start) = (try ProcessorTime.used(by: pid), try await redis?.clientCalls(), Monotonic.now())
            try await Task.sleep(for: .seconds(seconds))
            let time = Double(Monotonic.now() - start) / 1e9
            var figures = [figure("processor", Double(try ProcessorTime.used(by: pid) - cpu) / 1e7 / time, "% of a core")]
            if let redis, let calls { figures.append(figure("commands", Double(try await redis.clientCalls() - calls) / time, "calls/s")) }
            figures.append(figure("resident", try Self.resident(pid), "MB"))
            return figures
        }
        return figures
    }

    private func figure(_ part: String, _ value: Double, _ unit: String) -> Figure {
        Figure(.idle, engine.name, part: part, ours: value, raw: nil, unit: unit, tasks: 0, rounds: 1)
    }

    private static func resident(_ pid: Int32) throws -> Double {
        let status = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
        let line = status.split(whereSeparator: \.isNewline).first { $0.hasPrefix("VmRSS:") }
        let kilobytes = line?.split(separator: " ").compactMap { Double($0) }.first
        guard let kilobytes else { throw BenchFailure("the system does not say how much memory a process has") }
        return kilobytes / 1000
    }
}
