import RESP
import Relier

extension Server {
    /// One call.
    func push(_ push: PushCall) async throws(EngineError) -> RESPValue {
        try await run(Scripts.push, reserving: push.size, isReplicated: true, refusal: Self.fenced(push)) { call in
            push.append(to: &call)
        }
    }

    private static func fenced(_ push: PushCall) -> Refusal {
        Refusal { word, text in
            guard word == "FENCED" else { return nil }
            let parent = Int(text.prefix { $0.isNumber }).flatMap(push.parent)
            return fenced(parent: parent)
        }
    }

    static func fenced(parent: TaskID?) -> EngineError {
        let name = parent?.description ?? "that pushes"
        return EngineError(.fenced, "the task \(name) is not running under this fence any more; its children were not pushed")
    }
}
