import NIOCore
import Synchronization
import Testing

@testable import RESP

private final class Counter: Sendable {
    private let stored = Atomic<Int>(0)
    var count: Int { stored.load(ordering: .relaxed) }
    func add() { stored.add(1, ordering: .relaxed) }
}

/// A server that cuts, closes and refuses at random, and callers that give up at random: whoever gets a reply gets the one that is theirs.
@Suite struct RandomFaultTests {
    @Test(arguments: [1, 2, 3, 4, 5]) func noReplyGoesAstray(seed: UInt64) async throws {
        let random = Mutex(SplitMix(seed: seed))
        let server = try await FakeServer { words, _ in
            let text = words.count > 1 ? words[1] : ""
            let whole = "$\(text.utf8.count)\r\n\(text)\r\n"
            let (fate, cut) = random.withLock { (Int.random(in: 0..<3000, using: &$0), Int.random(in: 0..<whole.utf8.count, using: &$0)) }
            switch fate {
            case 0: return .close
            case 1: return .cut(String(whole.prefix(cut)))
            case 2: return .reply("-BUSY wait\r\n")
            case 3: return .reply(">1\r\n+x\r\n" + whole)
            default: return .reply(whole)
            }
        }
        var options = RESPClientOptions.patient(connect: .seconds(30), command: .seconds(30), silence: .seconds(30))
        options.connections = Int(seed % 2) + 1
        let client = try RESPClient(server.endpoint, options: options)
        let answered = Counter()
        await withTaskGroup(of: Void.self) { group in
            for caller in 0..<300 {
                group.addTask {
                    var random = SplitMix(seed: seed &* 1000 &+ UInt64(caller))
                    for round in 0..<20 {
                        let text = "\(caller)-\(round)"
                        let fate = Int.random(in: 0..<10, using: &random)
                        let task = Task { () -> Result<RESPValue, RESPError> in
                            do throws(RESPError) {
                                let timeout: Duration = fate == 0 ? .milliseconds(20) : .seconds(30)
                                return .success(try await client.send(RESPCommand("ECHO", text), timeout: timeout))
                            } catch {
                                return .failure(error)
                            }
                        }
                        if fate == 1 { task.cancel() }
                        switch await task.value {
                        case .success(let value):
                            #expect(value.string == text)
                            answered.add()
                        case .failure(let error) where error.code == .server: #expect(error.server?.prefix == .busy)
                        case .failure(let error) where error.code == .timedOut: #expect(fate == 0)
                        case .failure(let error) where error.isCancellation: #expect(fate == 1)
                        case .failure(let error): #expect(error.code == .outcomeUnknown || fate == 0)
                        }
                    }
                }
            }
        }
        #expect(answered.count > 1000)
        await client.close()
    }
}
