import Relier
import Testing

@Suite struct ProgressTests {
    @Test func aReceiptSeesProgressGrowUntilTheTaskEnds() async throws {
        try await Workbench.run([Gated.self], lease: .milliseconds(500)) { bench in
            let receipt = try await bench.relier.push(Gated(label: "progress"))
            var seen: [TaskProgress] = []
            for try await progress in receipt.progress(every: .milliseconds(50)) {
                seen.append(progress)
                if seen.count == 3 {
                    let shown = try #require(try await bench.details(of: receipt.id).progress)
                    #expect(shown.done >= progress.done)
                    Gates.open("progress")
                }
            }
            #expect(seen.count >= 3, "the sequence ends with the task")
            #expect(seen.map(\.done) == seen.map(\.done).sorted())
            #expect(seen.allSatisfy { $0.total == 1_000_000 })
            #expect(try await receipt.status() == .committed)
            #expect(try await bench.details(of: receipt.id).progress == nil)
        }
    }
}
