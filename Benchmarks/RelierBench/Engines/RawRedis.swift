import Foundation
import RESP

/// What Redis itself can do for a task's life: push, claim and commit as minimal scripts, alone or in groups of a call, driven by `redis-benchmark`.
/// The scripts and the connections are the yardstick; nothing here is Relier's.
struct RawRedis {
    let port: Int
    let client: RESPClient

    private static let push =
        """
        local id=redis.call('INCR','{p}:id') redis.call('HSET','{p}:t:'..id,'e',ARGV[1],'f',0) redis.call('LPUSH','{p}:q',id) \
        redis.call('INCR','{p}:adm') return id
        """
    private static let pushMany =
        """
        for i=1,tonumber(ARGV[2]) do local id=redis.call('INCR','{p}:id') redis.call('HSET','{p}:t:'..id,'e',ARGV[1],'f',0) \
        redis.call('LPUSH','{p}:q',id) end redis.call('INCRBY','{p}:adm',ARGV[2]) return 1
        """
    private static let claimAndCommit =
        """
        local k=tonumber(ARGV[1]) local ids=redis.call('RPOP','{p}:q',k) if not ids then return 0 end local now=redis.call('TIME')[1] \
        local out={} for i,id in ipairs(ids) do local t='{p}:t:'..id out[i]=redis.call('HGET',t,'e') redis.call('HINCRBY',t,'f',1) \
        redis.call('HSET','{p}:in:w',id,now) end for i,id in ipairs(ids) do local t='{p}:t:'..id if redis.call('HGET',t,'f')=='1' then \
        redis.call('DEL',t) redis.call('SET','{p}:r:'..id,'ok','EX',3600) redis.call('HDEL','{p}:in:w',id) end end \
        redis.call('HINCRBY','{p}:slo:'..math.floor(now/60),'s',#ids) return out
        """
    private static let payload = String(repeating: "x", count: NoOp.payloadBytes)

    /// On a server with nothing in it.
    func measure(group: Int, tasks: Int) async throws -> RawRates {
        let calls = max(1, tasks / group)
        let push: Double
        let claim: Double
        if group == 1 {
            push = try await rate(calls, clients: 4, pipeline: 16, Self.push, [Self.payload])
            claim = try await rate(calls, clients: 4, pipeline: 16, Self.claimAndCommit, ["1"])
        } else {
            push = try await rate(calls, clients: 4, pipeline: 2, Self.pushMany, [Self.payload, "\(group)"])
            claim = try await rate(calls, clients: 2, pipeline: 1, Self.claimAndCommit, ["\(group)"])
        }
        let left = try await client.send(RESPCommand("LLEN", "{p}:q")).integer ?? -1
        // redis-benchmark rounds up to whole pipelines.
        guard (0...group * 64).contains(left) else { throw BenchFailure("raw Redis: \(left) tasks are left in the queue") }
        return RawRates(push: push * Double(group), claimAndCommit: claim * Double(group))
    }

    /// Pushes so many tasks, one a call.
    func fill(_ tasks: Int) async throws { _ = try await rate(tasks, clients: 1, pipeline: 1, Self.push, [Self.payload]) }

    /// Calls a second.
    private func rate(_ calls: Int, clients: Int, pipeline: Int, _ script: String, _ arguments: [String]) async throws -> Double {
        guard let digest = try await client.send(RESPCommand("SCRIPT", "LOAD", script)).string else {
            throw BenchFailure("raw Redis: the server does not load scripts")
        }
        let output = try await Tool.output(
            "redis-benchmark",
            ["-h", "127.0.0.1", "-p", "\(port)", "--csv", "-n", "\(calls)", "-c", "\(clients)", "-P", "\(pipeline)"]
                + ["EVALSHA", digest, "1", "{p}"] + arguments)
        // A head, then the command in quotes and the rate in quotes.
        let cells = output.split(whereSeparator: \.isNewline).last?.components(separatedBy: #"",""#) ?? []
        guard cells.count > 1, let rate = Double(cells[1]) else {
            throw BenchFailure("redis-benchmark said no rate: \(output.suffix(200))")
        }
        return rate
    }
}
