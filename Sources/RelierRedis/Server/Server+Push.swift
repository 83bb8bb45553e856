import RESP
import Relier

extension Server {
    /// One call, and a second one where the connection ended before its answer came: ids make that safe. A task that only the first call can have
    /// brought in is accepted, not known from before. Where replicas did not confirm in time, the caller decides whether to wait once more.
    func answers(to push: PushCall) async throws(EngineError) -> [PushCall.Answer] {
        do throws(EngineError) {
            return try push.answers(try await self.push(push))
        } catch {
            guard replicated == nil, let cause = error.cause as? RESPError, cause.code == .outcomeUnknown, !cause.isCancellation else {
                throw error
            }
        }
        do throws(EngineError) {
            return try push.answersOnceMore(try await self.push(push))
        } catch {
            // Whatever kept out the second one, the first one may have been carried out.
            throw error.code == .fenced ? error : EngineError(.outcomeUnknown, error.message, cause: error)
        }
    }

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
