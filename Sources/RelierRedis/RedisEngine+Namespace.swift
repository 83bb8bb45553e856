import RESP
package import Relier

extension RedisEngine {
    /// What is wrong with a server's address, in one line without its password; `nil` when nothing is.
    package static func objection(to url: String) -> String? {
        do throws(RESPError) {
            _ = try RESPEndpoint(url: url)
            return nil
        } catch {
            return error.message
        }
    }

    /// Removes all that stands in the namespace. For demonstrations and benchmarks, which leave nothing behind; a step at a time, and whoever uses the
    /// namespace meanwhile finds some of it gone.
    package func removeNamespace() async throws(EngineError) {
        var cursor = "0"
        repeat {
            let reply = try await server.send(RESPCommand("SCAN", cursor, "MATCH", "\(options.namespace):{*", "COUNT", "1000"))
            guard let parts = reply.elements, parts.count == 2, let next = parts[0].string else {
                throw EngineError(.corrupt, "\(location) answers SCAN with what is no answer to it")
            }
            let keys = (parts[1].elements ?? []).compactMap(\.buffer)
            if !keys.isEmpty {
                var command = RESPCommand("UNLINK")
                for key in keys { command.append(key) }
                _ = try await server.send(command)
            }
            cursor = next
        } while cursor != "0"
    }
}
