import Testing

@testable import RESP

@Suite struct EndpointTests {
    @Test func readsEachPart() throws {
        let whole = try RESPEndpoint(
            url: "rediss://us%40er:p%3Aw@db.example:7000/5?name=me&ca=/ca.pem&cert=/c.pem&key=/k.pem&verify=chain&sni=other")
        #expect(whole.address == .host("db.example", port: 7000))
        #expect(whole.user == "us@er")
        #expect(whole.password == "p:w")
        #expect(whole.database == 5)
        #expect(whole.clientName == "me")
        #expect(whole.tls?.authorities == "/ca.pem")
        #expect(whole.tls?.certificate == "/c.pem")
        #expect(whole.tls?.privateKey == "/k.pem")
        #expect(whole.tls?.verification == .chain)
        #expect(whole.tls?.serverName == "other")
    }

    @Test(arguments: [
        ("redis://", RESPEndpoint.Address.host("127.0.0.1", port: 6379)), ("redis://h", .host("h", port: 6379)),
        ("REDIS://h:1/", .host("h", port: 1)), ("redis://[::1]:6380", .host("::1", port: 6380)),
        ("redis://[::1]", .host("::1", port: 6379)),
        ("valkey://h", .host("h", port: 6379)), ("unix:///run/r%20s.sock?db=1", .unix("/run/r s.sock")),
        ("redis://:p@h", .host("h", port: 6379)),
        ("redis://a:p@b@h", .host("h", port: 6379)),
    ])
    func readsAddresses(url: String, address: RESPEndpoint.Address) throws {
        #expect(try RESPEndpoint(url: url).address == address)
    }

    @Test(arguments: [
        ("localhost:6379", "does not begin with"), ("http://h", "'http' is not redis"), ("redis://h:0", "port '0'"),
        ("redis://h:abc", "port 'abc'"),
        ("redis://h:70000", "port '70000'"), ("redis://h/x", "database 'x'"), ("redis://h/-1", "database '-1'"),
        ("redis://h?db=x", "database 'x'"),
        ("redis://h?foo=1", "unknown parameter 'foo'"), ("redis://h?db", "has no value"), ("redis://h?ca=/x", "needs rediss"),
        ("rediss://h?verify=maybe", "'maybe'"), ("redis://anna@h", "a user needs a password"), ("unix://", "missing"),
        ("unix://run/x", "slash"),
        ("redis://[::1", "']'"), ("redis://[::1]x", "'x'"), ("redis://h?name=a%20b", "printable"), ("redis://a:%zz@h", "percent"),
    ])
    func refusesWithOneLine(url: String, part: String) {
        let error = #expect(throws: RESPError.self) { try RESPEndpoint(url: url) }
        #expect(error?.code == .invalidSetting)
        #expect(error?.message.contains(part) == true, "\(error?.message ?? "")")
        #expect(error?.message.contains("\n") == false)
    }

    @Test func printsNoPassword() throws {
        let endpoint = try RESPEndpoint(url: "redis://anna:geheim@h:7000/5")
        #expect("\(endpoint)" == "h:7000")
        var text = String(reflecting: endpoint) + "\(RESPSentinel(masterName: "m", nodes: [], password: "geheim", server: endpoint))"
        dump(endpoint, to: &text)
        dump(RESPSentinel(masterName: "m", nodes: [], password: "geheim", server: endpoint), to: &text)
        #expect(!text.contains("geheim"))
        for url in ["redis://anna:geheim@h:x", "redis://anna:geheim@h/x", "x://anna:geheim@h", "redis://anna:geheim@h?x=y"] {
            #expect(throws: RESPError.self) { try RESPEndpoint(url: url) }
            do { _ = try RESPEndpoint(url: url) } catch { #expect(!"\(error)".contains("geheim")) }
        }
    }

    @Test func settingsOfAClientAreChecked() {
        var options = RESPClientOptions()
        options.connections = 0
        #expect(throws: RESPError.self) { try RESPClient(RESPEndpoint(), options: options) }
        options.connections = 1
        options.commandTimeout = .zero
        #expect(throws: RESPError.self) { try RESPClient(RESPEndpoint(), options: options) }
        #expect(throws: RESPError.self) { try RESPClient(RESPEndpoint(port: 0)) }
        #expect(throws: RESPError.self) { try RESPClient(RESPEndpoint(.unix(String(repeating: "x", count: 200)))) }
    }

    @Test func listsOfSentinelsAreRead() throws {
        #expect(try RESPSentinel.nodes("a, b:1 ,[::1]:2") == [.host("a", port: 26379), .host("b", port: 1), .host("::1", port: 2)])
        for list in ["", " ,x:y", "a:0"] { #expect(throws: RESPError.self) { try RESPSentinel.nodes(list) } }
    }
}
