import RESP
import RelierTesting

extension RedisServer {
    var endpoint: RESPEndpoint { RESPEndpoint(port: port) }
}
