import Foundation
public import Relier

// One function of every shape that '@RelierTask' accepts; that this file compiles is half of the test.

struct Sum: Codable, Sendable, Hashable { var value: Int }
struct Refused: Error, Hashable {}
enum Size: String, Codable, CodingKeyRepresentable { case small, large }

@RelierTask
func asyncThrowingValue(left: Int, right: Int) async throws -> Sum { Sum(value: left + right) }

@RelierTask
func asyncThrowingNothing(fails: Bool) async throws { if fails { throw Refused() } }

@RelierTask
func asyncValue(_ text: String) async -> String { text + "!" }

@RelierTask
func asyncNothing() async {}

@RelierTask
func blockingThrowingValue(of value: Int) throws -> Int { if value < 0 { throw Refused() } else { value * 2 } }

@RelierTask
func blockingThrowingNothing(fails: Bool) throws -> Void { if fails { throw Refused() } }

@RelierTask
func blockingValue(value: Int) -> Int? { value == 0 ? nil : value }

@RelierTask
func blockingNothing() -> () {}

@RelierTask(
    version: 3,
    migrations: [
        Migration(from: 1) { json in
            json["cents"] = json["amount"]
            json["amount"] = nil
        },
        .compatible(from: 2),
    ])
func migrated(cents: Int) async -> Int { cents }

@RelierTask
func typedThrows(value: Int) async throws(Refused) -> Int { if value < 0 { throw Refused() } else { value } }

@RelierTask
func contextFirst(_ context: TaskContext, x: Int) async -> String { "\(context.name) \(x)" }

@RelierTask
func contextBetween(x: Int, with theContext: TaskContext, y: Int) -> String { "\(theContext.name) \(x) \(y)" }

@RelierTask
func contextUnnamed(x: Int, _: TaskContext) -> Int { x }

@RelierTask
func contextIsAnArgumentToo(context: String, inside: TaskContext) -> String { "\(context) \(inside.name)" }

let base = 40

@RelierTask
func defaults(
    id: String, count: Int = base + 2, tags: [String] = [], note: String? = nil, mark: String? = "none", size: Size = .small,
    nested: Int?? = nil, plain: Int?
) -> String { "\(id) \(count) \(tags) \(note ?? "-") \(mark ?? "-") \(size) \(plain ?? -1)" }

@RelierTask
func keywords(in: Int, for: String, `default`: Int, where place: Int, `init` start: Int, _ `class`: Int, type: Int) -> Int {
    `in` + `default` + place + start + `class` + type
}

@RelierTask
func keywordNamed(init: Int, Type: Int, `repeat`: Int) -> Int { `init` + Type + `repeat` }

@RelierTask
func `repeat`(times: Int) -> Int { times }

@RelierTask
func run(run: Int, name: String, options: [Int], parameters: Int, encode: Int) async -> Int { run + encode }

@RelierTask
func total(total: Int, context: TaskContext) throws -> String { "\(context.name) \(total)" }

@RelierTask
func ownership(x: consuming String, y: sending [Int], z: borrowing Sum) -> Int { y.count }

@RelierTask(idempotent: .key("sizes"))
func dictionaries(sizes: [Size: Int], names: [String: [Int: String]], others: Set<Int>) -> Int { sizes.count }

private let patience = Duration.seconds(30)

@RelierTask(
    name: "with-everything", queue: "letters", idempotent: .key("id", ttl: .hours(2)), softTimeout: patience, hardTimeout: .minutes(1),
    onSoftTimeout: { context in context.metadata[Bool.self] = true }, retry: .exponential(maxAttempts: 3), version: 4, resultTTL: .days(1)
)
public func withEverything(id: String, copies: Int = 1, context: TaskContext) async throws -> Int { copies }

@RelierTask(softTimeout: .seconds(1), onSoftTimeout: noticeDelay)
package func packageAccess(x: Int) async -> Int { x }
func noticeDelay(_ context: TaskContext) async throws {}

@RelierTask
fileprivate func fileprivateAccess(x: Int) -> Int { x }

@RelierTask
private func privateAccess(x: Int) -> Int { x }

let hidden: [any RelierTask.Type] = [$fileprivateAccess.self, $privateAccess.self]

@RelierTask
@available(macOS 15, *)
public func available(x: Int) async -> Int { x }

@RelierTask
@available(*, noasync)
func notFromAsync(x: Int) -> Int { x }

@MainActor
@RelierTask
func onMainActor(x: Int) async -> Int { x }

@discardableResult
@RelierTask
func withOtherAttributes(x: Int) -> Int { x }

enum Warehouse {
    struct Shelf: Codable, Sendable, Hashable { var number = 1 }
    static let limit = 7

    @RelierTask(softTimeout: .seconds(1), onSoftTimeout: notice)
    static func count(on shelf: Shelf, limit: Int = Self.limit) async throws -> [Self.Shelf] {
        Array(repeating: shelf, count: min(2, limit))
    }

    static func notice(_ context: TaskContext) async throws {}

    enum Cellar {
        @RelierTask
        static func air() -> Bool { true }
    }
}

extension Warehouse.Cellar {
    @RelierTask
    static func light(on: Bool) -> Bool { on }
}

public struct Office {
    @RelierTask
    public static func open(at hour: Int) -> Int { hour }
}

public extension Office {
    @RelierTask
    static func close(at hour: Int) -> Int { hour }
}

actor Desk {
    @RelierTask
    static func tidy(x: Int) async -> Int { x }
}

@MainActor
final class Window {
    @RelierTask
    static func show(x: Int) async -> Int { x }

    @RelierTask
    nonisolated static func hide(x: Int) -> Int { x }
}

@RelierTask(
    name: "scheduled", schedule: .cron("30 2 * * *", in: "Europe/Berlin", missed: .latest(within: .hours(6)))
)
func scheduled(limit: Int = base, note: String?, context: TaskContext) async -> String { "\(limit) \(note ?? "-")" }
