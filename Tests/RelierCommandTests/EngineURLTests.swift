import Testing

@testable import RelierCommand

@Suite struct EngineURLTests {
    @Test(arguments: [
        ("sqlite:relier.db", "relier.db", nil), ("sqlite:/srv/a.db", "/srv/a.db", nil), ("sqlite:///srv/a.db", "/srv/a.db", nil),
        ("SQLite:a%20b.db", "a b.db", nil), ("sqlite:a.db?durability=relaxed", "a.db", Durability.relaxed), ("sqlite:", "relier.db", nil),
        ("sqlite:?durability=durable", "relier.db", .durable),
    ])
    func addressesOfFiles(text: String, path: String, durability: Durability?) throws {
        let url = try EngineURL(text)
        #expect(url.place == .sqlite(path: path, durability: durability))
        #expect(url.description == text)
    }

    #if Redis
        @Test(arguments: [
            "redis://localhost", "rediss://user:secret@db.example.com:6380/2", "redis://[::1]:7000", "unix:///run/redis.sock",
        ])
        func addressesOfServers(text: String) throws {
            let url = try EngineURL(text)
            #expect(url.place == .redis)
            #expect(url.description == text)
        }

        @Test func aWrongAddressOfAServerIsNamedWithoutItsPassword() throws {
            let line = try #require(refusal { _ = try EngineURL("redis://user:secret@host:99999/0") })
            #expect(line.contains("99999") && line.contains("allowed: ") && !line.contains("secret"))
        }
    #endif

    @Test(arguments: [
        ("relier.db", "no scheme"), ("postgres://x/y", "'postgres' is unknown"), ("sqlite://host/a.db", "names a host"),
        ("sqlite:a.db?mode=ro", "unknown option 'mode=ro'"), ("sqlite:a.db?durability=none", "durability 'none'"),
        ("sqlite::memory:", "in memory"), ("sqlite:/srv/", "names a directory"), ("sqlite:a%zz", "percent"), ("", "no scheme"),
    ])
    func otherAddressesAreRefusedWithWhatIsAllowed(text: String, part: String) throws {
        let line = try #require(refusal { _ = try EngineURL(text) })
        #expect(line.contains(part))
        #expect(line.contains("allowed: sqlite:relier.db"))
    }
}

@Suite struct NearestNameTests {
    @Test(arguments: [
        ("sendInvioce", "sendInvoice"), ("sendinvoice", "sendInvoice"), ("importUsers", "importUser"), ("sendInvoices", "sendInvoice"),
        ("completelyDifferent", nil), ("x", nil),
    ])
    func theNearestName(name: String, expected: String?) {
        #expect(NearestName.of(name, among: ["sendInvoice", "importUser"]) == expected)
    }

    @Test func swappedNeighboursAreOneChange() {
        #expect(NearestName.distance("ab", "ba") == 1)
        #expect(NearestName.distance("", "abc") == 3)
        #expect(NearestName.distance("kitten", "sitting") == 3)
    }
}
