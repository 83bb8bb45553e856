import Relier

// quote: nightly
@RelierTask(name: "nightlyReport", schedule: .cron("30 2 * * *", in: "Europe/Berlin"))
func nightlyReport(pages: Int = 30) async throws {
    print("writing \(pages) pages")
}
// end quote

// quote: every
@RelierTask(name: "refreshRates", schedule: .every(.minutes(5), missed: .latest))
func refreshRates() async throws {
    print("asking for the rates")
}
// end quote

// quote: by-hand
struct Cleanup: RelierTask {
    static let name = "cleanup"
    static var options: TaskOptions { TaskOptions(queue: "low", schedule: .cron("@weekly", missed: .skip)) }
    var dryRun: Bool?

    func run(_ context: TaskContext) async throws -> NoOutput {
        context.logger.info("cleaning up\(dryRun == true ? ", for show" : "")")
        return NoOutput()
    }
}
// end quote
