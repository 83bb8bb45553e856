package import RESP
package import RelierTesting

extension RedisServer {
    /// Sends commands as a user who may do everything, over a connection of their own, one after another.
    package func commands<Value>(_ body: (RESPClient) async throws -> Value) async throws -> Value {
        let client = try RESPClient(try RESPEndpoint(url: adminURL))
        do {
            let value = try await body(client)
            await client.close()
            return value
        } catch {
            await client.close()
            throw error
        }
    }

    @discardableResult
    package func command(_ name: String, _ words: String...) async throws -> RESPValue {
        try await commands { client in
            var command = RESPCommand(name)
            for word in words { command.append(word) }
            return try await client.send(command)
        }
    }

    /// A number that `INFO` shows in a section.
    package func info(_ section: String, _ field: String) async throws -> Int? {
        let lines = try await command("INFO", section).string?.split(whereSeparator: \.isNewline) ?? []
        return lines.first { $0.hasPrefix(field + ":") }.flatMap { Int($0.dropFirst(field.utf8.count + 1)) }
    }
}
