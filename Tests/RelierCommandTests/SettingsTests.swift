import Foundation
import Logging
import Relier
import Testing

@testable import RelierCommand

@Suite struct SettingsTests {
    @Test func commandLineBeatsEnvironmentBeatsFileBeatsDefault() throws {
        let file = "RELIER_CONCURRENCY=3\nRELIER_PROCESSES=4\nRELIER_RESULT_TTL=5m\n"
        let environment = ["RELIER_CONCURRENCY": "2", "RELIER_PROCESSES": "6"]
        let settings = try Settings.of(
            environment, [.init(SettingsTable.concurrency, flag: "--concurrency", text: "1")], file: file)
        #expect(settings.concurrency == 1)
        #expect(settings.processes == 6)
        #expect(settings.resultTTL == .minutes(5))
        #expect(settings.resurrectionBatch == 1000)
    }

    @Test func emptyValuesCountAsAbsent() throws {
        let settings = try Settings.of(["RELIER_CONCURRENCY": ""], file: "RELIER_CONCURRENCY=7\nRELIER_URL=\n")
        #expect(settings.concurrency == 7)
        #expect(settings.engineURL == "sqlite:relier.db")
    }

    @Test func everyDefaultIsAllowed() {
        for setting in SettingsTable.all {
            if let text = setting.defaultText { #expect(setting.accepts(text), "\(setting.variable)=\(text)") }
        }
        #expect(Set(SettingsTable.all.map(\.name)).count == SettingsTable.all.count)
    }

    /// The table's defaults are those of a program that sets nothing.
    @Test func defaultsAreTheLibrarys() throws {
        let settings = try Settings.of()
        let worker = WorkerSettings()
        #expect(settings.concurrency == worker.concurrency)
        #expect(settings.queues == worker.queues)
        #expect(settings.workerName == worker.name)
        #expect(settings.lease == worker.lease)
        #expect(settings.gracePeriod == worker.gracePeriod)
        #expect(settings.softTimeout == worker.softTimeout)
        #expect(settings.hardTimeout == worker.hardTimeout)
        #expect(settings.resultMaxBytes == worker.resultMaxBytes)
        #expect(settings.checkpoints == worker.checkpoints)
        #expect(settings.retention == Retention())
        #expect(settings.resultTTL == ClientSettings().resultTTL)
        #expect(settings.keyTTL == ClientSettings().keyTTL)
        #expect(settings.maxPayloadBytes == ClientSettings().maxPayloadBytes)
        #expect(settings.resurrection.limits == ReleaseLimits())
        #expect(settings.resurrection.interval == ResurrectionSettings().interval)
        #expect(settings.resurrection.rate == nil)
        #expect(settings.warnings.isEmpty)
    }

    @Test(arguments: [
        ("CONCURRENCY", "abc", "1 to 10000"), ("CONCURRENCY", "0", "1 to 10000"), ("PROCESSES", "1.5", "whole number"),
        ("QUEUES", "a,,b", "queue names"), ("QUEUES", "a=0", "queue names"), ("QUEUES", "a,a", "queue names"),
        ("GRACEFUL_SHUTDOWN_TIMEOUT", "-1", "seconds"), ("HEARTBEAT_TTL", "100ms", "500ms to 1h"), ("RESULT_TTL", "soon", "seconds"),
        ("LOG_LEVEL", "loud", "trace, debug"), ("SQLITE_DURABILITY", "off", "durable, relaxed"),
        ("ADMISSION_LIMIT", "-1", "0 or off"), ("ADMISSION_WINDOW", "0", "100ms to 7d"), ("ADMISSION_MAX_BACKLOG", "0", "from 1"),
        ("CHECKPOINT_BACKEND", "s3", "inline, filesystem"), ("MAX_PAYLOAD_BYTES", "1e6", "whole number"),
    ])
    func badValuesNameVariablePlaceAndWhatIsAllowed(name: String, text: String, allowed: String) throws {
        let inEnvironment = try #require(refusal { _ = try Settings.of(["RELIER_\(name)": text]) })
        #expect(inEnvironment.hasPrefix("RELIER_\(name) in the environment is '\(text)'; allowed: "))
        #expect(inEnvironment.contains(allowed))
        #expect(!inEnvironment.contains("\n"))
        let inFile = try #require(refusal { _ = try Settings.of(file: "\n# settings\nRELIER_\(name)=\(text)\n") })
        #expect(inFile.hasPrefix("RELIER_\(name) in /srv/.env line 3 is '\(text)'"))
    }

    @Test func aBadArgumentIsNamedByItsFlag() {
        let line = refusal { _ = try Settings.of([:], [.init(SettingsTable.concurrency, flag: "--concurrency", text: "many")]) }
        #expect(line == "--concurrency is 'many'; allowed: a whole number from 1 to 10000")
    }

    @Test func aBadAddressIsNamedByItsPlace() {
        let line = refusal { _ = try Settings.of(["RELIER_URL": "relier.db"]) }
        #expect(line?.hasPrefix("RELIER_URL in the environment: 'relier.db' has no scheme; did you mean sqlite:relier.db") == true)
    }

    @Test func whatOnlyTogetherIsWrong() {
        #expect(
            refusal { _ = try Settings.of(["RELIER_SOFT_TIMEOUT": "10", "RELIER_HARD_TIMEOUT": "10s"]) }?.contains("less than") == true)
        #expect(refusal { _ = try Settings.of(["RELIER_CHECKPOINT_BACKEND": "filesystem"]) }?.contains("RELIER_CHECKPOINT_DIR") == true)
        #expect(refusal { _ = try Settings.of(["RELIER_CHECKPOINT_BACKEND": "filesystem", "RELIER_CHECKPOINT_DIR": "/srv/c"]) } == nil)
    }

    @Test func unknownVariablesAreWarnedOfWithTheNearestName() throws {
        let settings = try Settings.of(
            ["RELIER_CONCURENCY": "3", "RELIER_XYZZY": "1", "OTHER": "1"], file: "RELIER_QUEUE=a\nOTHER_TOO=1\n")
        #expect(
            settings.warnings == [
                "RELIER_CONCURENCY in the environment is no setting of this version and has no effect; the nearest is RELIER_CONCURRENCY",
                "RELIER_QUEUE in /srv/.env line 1 is no setting of this version and has no effect; the nearest is RELIER_QUEUES",
                "RELIER_XYZZY in the environment is no setting of this version and has no effect",
            ])
    }

    @Test func keysGoToPushesAndWorkers() throws {
        #expect(try Settings.of().signing == nil)
        let settings = try Settings.of(
            [
                "RELIER_SECRET_KEY": "new:0123456789abcdef",
                "RELIER_SECRET_KEY_PREVIOUS": "old:fedcba9876543210, a bare secret of many bytes",
            ])
        let keys = try #require(settings.signing)
        #expect(keys.current.id == "new")
        #expect(keys.previous.count == 2 && keys.previous.first?.id == "old")
        #expect(settings.client().signing == keys)
        #expect(settings.worker(for: TestApp.tasks).client.signing == keys)
        // Worker processes read the environment themselves: arguments are for all to see.
        let arguments = settings.supervisor().arguments(.next(), false)
        #expect(!arguments.contains { $0.contains("0123456789") || $0.contains("secret") })
    }

    @Test(arguments: [
        (["RELIER_SECRET_KEY": "hush-hush"], "RELIER_SECRET_KEY in the environment: a secret has at least 16 bytes; this one has 9"),
        (["RELIER_SECRET_KEY": "hush hush:hush-hush-hush-hush"], "RELIER_SECRET_KEY in the environment: a key's id has"),
        (["RELIER_SECRET_KEY": "hush-hush,hush-hush-hush"], "RELIER_SECRET_KEY in the environment: a secret has no comma"),
        (
            ["RELIER_SECRET_KEY_PREVIOUS": "hush-hush-hush-hush"],
            "RELIER_SECRET_KEY_PREVIOUS in the environment is set, but RELIER_SECRET_KEY is not"
        ),
        (
            ["RELIER_SECRET_KEY": "hush-hush-hush-hush", "RELIER_SECRET_KEY_PREVIOUS": "hush-hush-hush-hush,hush"],
            "RELIER_SECRET_KEY_PREVIOUS in the environment: a secret has at least 16 bytes; this one has 4"
        ),
        (
            ["RELIER_SECRET_KEY": "k:hush-hush-hush-hush", "RELIER_SECRET_KEY_PREVIOUS": "k:hush-hush-hush-hust"],
            "RELIER_SECRET_KEY_PREVIOUS in the environment: two different keys have the id 'k'"
        ),
    ])
    func badKeysAreNamedAndNotShown(environment: [String: String], line: String) throws {
        let refused = try #require(refusal { _ = try Settings.of(environment) })
        #expect(refused.hasPrefix(line), "\(refused)")
        #expect(!refused.contains("hush"))
        #expect(!refused.contains("\n"))
    }

    @Test func noDescriptionOfTheSettingsShowsASecret() throws {
        let settings = try Settings.of(
            ["RELIER_SECRET_KEY": "k:hush-hush-hush-hush"], file: "RELIER_SECRET_KEY_PREVIOUS=old:hush-hush-hush-hush\n")
        var text = "\(settings) \(settings.client()) \(settings.worker(for: TestApp.tasks))"
        dump(settings, to: &text)
        #expect(!text.contains("hush"))
        #expect(SettingsTable.all.filter(\.isSecret).map(\.name) == ["SECRET_KEY", "SECRET_KEY_PREVIOUS"])
    }

    @Test func sizeLimitsAreSettings() throws {
        let settings = try Settings.of(["RELIER_MAX_PAYLOAD_BYTES": "10", "RELIER_RESULT_MAX_BYTES": "20"])
        #expect(settings.client().maxPayloadBytes == 10)
        #expect(settings.worker(for: TestApp.tasks).client.maxPayloadBytes == 10)
        #expect(settings.worker(for: TestApp.tasks).resultMaxBytes == 20)
    }

    @Test func theDurabilityOfTheAddressGoesFirst() throws {
        let environment = ["RELIER_URL": "sqlite:a.db?durability=durable", "RELIER_SQLITE_DURABILITY": "relaxed"]
        #expect(try Settings.of(environment).durability == .durable)
        #expect(try Settings.of(["RELIER_SQLITE_DURABILITY": "relaxed"]).durability == .relaxed)
    }

    @Test(arguments: [
        ("25", Duration.seconds(25)), ("0.5", .milliseconds(500)), ("500ms", .milliseconds(500)), ("5m", .minutes(5)),
        ("24h", .hours(24)), ("7d", .days(7)), ("0", .zero), ("1.5s", .milliseconds(1500)), ("0.00005", .microseconds(50)),
        ("1.234567", .microseconds(1_234_567)),
    ])
    func durationsAsPeopleWriteThem(text: String, duration: Duration) {
        #expect(DurationText.parse(text) == duration)
        #expect(DurationText.parse(DurationText.write(duration)) == duration)
    }

    @Test(arguments: ["", "s", "-1", "1w", "1 s", "inf", "nan", "1e3", "0x10", "1..2", "99999999999999999999d"])
    func otherDurationsAreRefused(text: String) {
        #expect(DurationText.parse(text) == nil)
    }

    @Test func queuesWithWeights() throws {
        let queues = try Settings.of(["RELIER_QUEUES": "high=3, default"]).queues
        #expect(queues == [WeightedQueue("high", weight: 3), WeightedQueue("default")])
    }
}
