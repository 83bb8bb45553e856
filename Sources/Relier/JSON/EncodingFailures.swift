/// What goes wrong while a value is encoded, and where.
extension EncodingState {
    /// The path that leads through so many frames, to the element or member in progress of the last one.
    func path(to depth: Int) -> [any CodingKey] {
        var path = base
        for index in 0..<min(depth, frames.count) {
            switch frames[index].kind {
            case .array: path.append(JSONPathKey(intValue: frames[index].count))
            case .object:
                let end = index + 1 < frames.count ? frames[index + 1].firstMember : members.count
                if end > frames[index].firstMember { path.append(JSONPathKey(stringValue: text.name(members[end - 1]))) }
            case .empty, .scalar: continue
            }
        }
        return path
    }

    /// About the value in progress.
    func error(_ message: String, about value: Any) -> EncodingError {
        .invalidValue(value, EncodingError.Context(codingPath: path(to: frames.count), debugDescription: message))
    }

    func notFinite(_ value: some BinaryFloatingPoint) -> EncodingError {
        error("Unable to encode \(type(of: value)).\(value) directly in JSON.", about: value)
    }

    func tooDeep() -> EncodingError {
        error("The value is nested deeper than \(CanonicalJSON.maximumDepth) arrays and objects.", about: ())
    }

    /// - Throws: when the container's value has ended, or a value nested in it has not.
    func check(_ serial: Int) throws {
        if top.serial != serial { throw misplaced() }
    }

    func misplaced() -> any Error {
        failure ?? error("A container was written to after its value ended, or while a value in it was being encoded.", about: ())
    }
}
