import Foundation
import Relier
import Testing

@testable import RelierCommand

@Suite struct AdmissionCommandTests {
    @Test(
        arguments: [
            ([:], AdmissionPolicy(limit: 5000, window: .seconds(10))),
            (["LIMIT": "0"], nil), (["LIMIT": "off"], nil), (["LIMIT": "OFF", "WINDOW": "1m"], nil),
            (["LIMIT": "7", "WINDOW": "500ms"], AdmissionPolicy(limit: 7, window: .milliseconds(500))),
            (["LIMIT": "off", "MAX_BACKLOG": "3"], AdmissionPolicy(limit: nil, maxBacklog: 3)),
            (["MAX_AGE": "5m"], AdmissionPolicy(limit: 5000, maxAge: .minutes(5))),
        ] as [([String: String], AdmissionPolicy?)])
    func thePolicyOfTheSettings(values: [String: String], policy: AdmissionPolicy?) throws {
        let environment = Dictionary(uniqueKeysWithValues: values.map { ("RELIER_ADMISSION_" + $0.key, $0.value) })
        let settings = try Settings.of(environment)
        #expect(settings.admission == policy)
        #expect(settings.client().admission == policy)
        #expect(settings.worker(for: []).client.admission == policy)
        #expect(settings.warnings.isEmpty)
    }

    @Test func aFullWindowSheds() throws {
        let window = AdmissionStatus.Window(admitted: 3, limit: 3, length: .seconds(10), left: .milliseconds(3150))
        let report = AdmissionReport(
            AdmissionStatus(window: window, backlog: 12, oldestAge: .milliseconds(1210)), AdmissionPolicy(limit: 5, maxBacklog: 50))
        #expect(
            report.text == """
                state    SHEDDING (window)
                window   3 of 3 tasks in 10s, 3.2 s left
                backlog  12 waiting, bound 50
                oldest   1.3 s, no bound
                """)
        let document = JSONOutput.text(of: report.json)
        #expect(
            document
                == #"{"backlog":12,"count":3,"left_seconds":3.15,"limit":3,"max_age_seconds":null,"max_backlog":50,"oldest_age_seconds":1.21,"#
                + #""reasons":["window"],"state":"SHEDDING","window_seconds":10}"#)
    }

    @Test func aBacklogSheds() {
        let status = AdmissionStatus(window: nil, backlog: 50, oldestAge: .seconds(61))
        let policy = AdmissionPolicy(limit: nil, maxBacklog: 50, maxAge: .minutes(1))
        #expect(AdmissionReport(status, policy).reasons == [.backlog, .age])
        #expect(AdmissionReport(status, AdmissionPolicy(maxBacklog: 51, maxAge: .minutes(2))).state == "ALLOWING")
        #expect(AdmissionReport(status, nil).text.contains("window   no limit"))
    }

    /// The commands as an operator gives them, on a real database.
    @Test func theCommandsChangeOnlyWhatIsConfirmed() async throws {
        let root = FileManager.default.temporaryDirectory.appending(component: "relier-admission-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: root) }
        let url = "sqlite:\(root.appending(component: "relier.db").path)"
        let settings = try Settings.of(["RELIER_URL": url, "RELIER_ADMISSION_LIMIT": "2", "RELIER_ADMISSION_WINDOW": "1h"])
        let engine = try settings.openEngine(create: true)
        let relier = Relier(engine, settings: settings.client())
        for number in 0..<2 { try await relier.push(Invoice(id: "\(number)", amount: 1)) }
        await #expect(throws: AdmissionRejectedError.self) { try await relier.push(Invoice(id: "3", amount: 1)) }
        func status(_ line: String) async -> Int32 {
            await CommandRunner.run(OperatorRoot.self, arguments: line.split(separator: " ").map(String.init) + ["--url", url])
        }
        #expect(await status("admission status") == 0)
        #expect(await status("admission status --json") == 0)
        #expect(await status("admin reset-admission") == 2)
        #expect(try await engine.admission().window?.admitted == 2)
        #expect(await status("admin reset-admission --confirm --json") == 0)
        #expect(try await engine.admission().window == nil)
        #expect(await status("admin reset-admission --confirm") == 0)
        try await relier.push(Invoice(id: "3", amount: 1))
        try await engine.close()
    }

    @Test func aResetSaysWhatItWouldDo() {
        let window = AdmissionStatus.Window(admitted: 3, limit: 5, length: .seconds(10), left: .milliseconds(3150))
        #expect(
            ResetAdmissionCommand.consequence(window)
                == "end a window with 3 of 5 tasks and 3.2 s left, so that 5 more may come in at once")
        #expect(ResetAdmissionCommand.consequence(nil) == "do nothing, since no window is open")
    }
}
