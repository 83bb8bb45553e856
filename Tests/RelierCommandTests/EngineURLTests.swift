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
        #expect(url.path == path)
        #expect(url.durability == durability)
        #expect(url.description == text)
    }

    @Test(arguments: [
        ("relier.db", "no scheme"), ("postgres://x/y", "unknown scheme"), ("redis://localhost", "not supported by this build yet"),
        ("rediss://localhost:6380/0", "not supported by this build yet"), ("sqlite://host/a.db", "names a host"),
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
