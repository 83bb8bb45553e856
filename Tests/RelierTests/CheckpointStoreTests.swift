import Foundation
import Testing

@testable import Relier

@Suite struct CheckpointStoreTests {
    private func inTemporaryDirectory(_ body: (String) throws -> Void) throws {
        let path = NSTemporaryDirectory() + "relier-checkpoints-\(TaskID.next())"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: path) }
        try body(path)
    }

    private let fence = Fence(number: 1, token: 0xfeed)

    @Test func oneByteTooManyIsRefusedWithBothRemedies() throws {
        let store = CheckpointStore(settings: .inline())
        #expect(try store.store(Data(count: 262_144), of: .next(), fence: fence) == .inline(Data(count: 262_144)))
        let error = try #require(throws: CheckpointTooLargeError.self) {
            try store.store(Data(count: 262_145), of: .next(), fence: fence)
        }
        #expect(error.bytes == 262_145 && error.limit == 262_144)
        #expect(error.description.contains("RELIER_CHECKPOINT_BACKEND=filesystem") && error.description.contains("cursor"))
    }

    @Test func largeOnesGoThereAndBackThroughAFile() throws {
        try inTemporaryDirectory { directory in
            let store = CheckpointStore(settings: .filesystem(directory: directory))
            let data = Data((0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) })
            let checkpoint = try store.store(data, of: .next(), fence: fence)
            guard case .file(let name, 3_000_000) = checkpoint else {
                Issue.record("not a file: \(checkpoint)")
                return
            }
            #expect(try store.load(checkpoint) == data)
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == [name], "no temporary file is left")
        }
    }

    @Test func aDamagedOrMissingFileSaysSo() throws {
        try inTemporaryDirectory { directory in
            let store = CheckpointStore(settings: .filesystem(directory: directory, inlineBytes: 10))
            let checkpoint = try store.store(Data(count: 10_000), of: .next(), fence: fence)
            guard case .file(let name, _) = checkpoint else { return }
            try Data("garbage".utf8).write(to: URL(fileURLWithPath: directory + "/" + name))
            #expect(throws: CheckpointUnreadable.self) { try store.load(checkpoint) }
            try FileManager.default.removeItem(atPath: directory + "/" + name)
            #expect(throws: CheckpointUnreadable.self) { try store.load(checkpoint) }
        }
    }
}
