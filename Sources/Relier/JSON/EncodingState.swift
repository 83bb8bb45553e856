/// The text that an encoder has written, and the values in it that have not ended.
struct EncodingState {
    /// A value that is being written.
    struct Frame {
        enum Kind { case empty, scalar, array, object }

        var kind = Kind.empty
        /// Tells a container whether its value is still the innermost one.
        let serial: Int
        /// Where the value begins in the text.
        let start: Int
        let firstMember: Int
        let firstAttachment: Int
        /// Complete elements or members, so in an array the index of the element in progress.
        var count = 0
        /// Whether each name comes after the one before it.
        var isSorted = true
        /// The text and the members before the name of this value, to go back to when the value fails.
        let before: (text: Int, members: Int)
    }

    /// A member of an open object: the place of its name between quotation marks, and the end of its value.
    struct Member {
        let nameStart: Int
        let nameEnd: Int
        /// Known once the object ends.
        var end = 0
        /// The first eight bytes of a name without escapes, which decide nearly always. Zeros, of which such a name has none, fill it up.
        let prefix: UInt64
        let isEscaped: Bool
        var attachment: Int?
    }

    /// A value with an encoder of its own, to be spliced in at `offset`.
    struct Attachment {
        let offset: Int
        let encoder: CanonicalEncoder
    }

    var text = JSONText()
    private(set) var frames: [Frame] = []
    private(set) var members: [Member] = []
    private var attachments: [Attachment] = []
    private var scratch: [UInt8] = []
    private var lastSerial = 0
    /// The path of the outermost value, and the depth at which it is nested.
    let base: [any CodingKey]
    let baseDepth: Int
    /// What a container did wrong where it could not throw.
    private(set) var failure: (any Error)?

    init(base: [any CodingKey], depth: Int) {
        self.base = base
        baseDepth = depth
        text.bytes.reserveCapacity(depth == 0 ? 512 : 128)
        frames.reserveCapacity(4)
        members.reserveCapacity(8)
        frames.append(Frame(serial: 0, start: 0, firstMember: 0, firstAttachment: 0, before: (0, 0)))
    }

    // MARK: - Frames

    /// The innermost value. The outermost one has a frame until the text is finished.
    var top: Frame { frames[frames.count - 1] }

    /// How many values are around the innermost one.
    var depth: Int { frames.count - 1 }

    func isOpen(_ serial: Int, at depth: Int) -> Bool { depth < frames.count && frames[depth].serial == serial }

    mutating func setKind(_ kind: Frame.Kind) { frames[frames.count - 1].kind = kind }

    mutating func push(before: (text: Int, members: Int)) throws {
        if baseDepth + frames.count > CanonicalJSON.maximumDepth { throw tooDeep() }
        lastSerial += 1
        frames.append(
            Frame(
                serial: lastSerial, start: text.bytes.count, firstMember: members.count, firstAttachment: attachments.count,
                before: before))
    }

    mutating func endFrame() throws {
        let frame = top
        switch frame.kind {
        case .empty: text.append("{}")
        case .scalar: break
        case .array: try endArray(frame)
        case .object: try endObject(frame)
        }
        frames.removeLast()
    }

    /// Ends the value at that depth, which is complete.
    mutating func endNested(depth: Int) throws {
        try endFrame()
        endValue()
    }

    mutating func finish() throws {
        if let failure { throw failure }
        try endFrame()
    }

    /// Takes back the value at that depth, and its name.
    mutating func rollBack(to depth: Int) {
        let frame = frames[depth]
        frames.removeLast(frames.count - depth)
        takeBack(to: frame.before.text, members: frame.before.members, attachments: frame.firstAttachment)
    }

    /// Takes back a value that has no frame of its own, and its name.
    mutating func takeBack(to before: (text: Int, members: Int), depth: Int) {
        frames.removeLast(frames.count - depth)
        members.removeLast(members.count - before.members)
        text.bytes.removeLast(text.bytes.count - before.text)
    }

    private mutating func takeBack(to textEnd: Int, members memberCount: Int, attachments attachmentCount: Int) {
        members.removeLast(members.count - memberCount)
        releaseAttachments(from: attachmentCount)
        text.bytes.removeLast(text.bytes.count - textEnd)
    }

    /// Takes back what a failed attempt left in the innermost frame, and keeps the frame.
    mutating func emptyFrame(at depth: Int) {
        let frame = frames[depth]
        frames.removeLast(frames.count - depth - 1)
        takeBack(to: frame.start, members: frame.firstMember, attachments: frame.firstAttachment)
        frames[depth].kind = .empty
        frames[depth].count = 0
        frames[depth].isSorted = true
    }

    // MARK: - Elements and members

    /// Begins a member; without a name, an element.
    mutating func begin(_ name: String?) {
        if let name { beginMember(name) } else { beginElement() }
    }

    mutating func beginElement() {
        if top.count > 0 { text.append(UInt8(ascii: ",")) }
    }

    mutating func beginMember(_ name: String) {
        let index = frames.count - 1
        if frames[index].count > 0 { text.append(UInt8(ascii: ",")) }
        text.append(UInt8(ascii: "\""))
        let start = text.bytes.count
        let isEscaped = text.escaped(name)
        let end = text.bytes.count
        let member = Member(nameStart: start, nameEnd: end, prefix: text.bytes.prefix(start..<end), isEscaped: isEscaped)
        text.append(UInt8(ascii: "\""))
        text.append(UInt8(ascii: ":"))
        if frames[index].isSorted, members.count > frames[index].firstMember {
            frames[index].isSorted = text.precedes(members[members.count - 1], member)
        }
        members.append(member)
    }

    /// Ends an element or member of the innermost frame.
    mutating func endValue() { frames[frames.count - 1].count += 1 }

    // MARK: - Objects

    mutating func openObject() -> Int {
        switch top.kind {
        case .object: return top.serial
        case .empty where baseDepth + frames.count <= CanonicalJSON.maximumDepth:
            setKind(.object)
            text.append(UInt8(ascii: "{"))
            return top.serial
        default: return refuseContainer()
        }
    }

    private mutating func endObject(_ frame: Frame) throws {
        let first = frame.firstMember
        if frame.isSorted, attachments.count == frame.firstAttachment {
            members.removeLast(members.count - first)
            return text.append(UInt8(ascii: "}"))
        }
        for index in first..<members.count {
            // Between two members are a comma and a quotation mark.
            members[index].end = index + 1 < members.count ? members[index + 1].nameStart - 2 : text.bytes.count
        }
        if !frame.isSorted { sortMembers(from: first) }
        scratch.removeAll(keepingCapacity: true)
        scratch.reserveCapacity(text.bytes.count - frame.start)
        for index in first..<members.count {
            let member = members[index]
            scratch.append(index == first ? UInt8(ascii: "{") : UInt8(ascii: ","))
            scratch.append(contentsOf: text.bytes[(member.nameStart - 1)..<member.end])
            if let attachment = member.attachment { scratch.append(contentsOf: try attachments[attachment].encoder.finish()) }
        }
        scratch.append(UInt8(ascii: "}"))
        replaceText(from: frame.start)
        members.removeLast(members.count - first)
        attachments.removeLast(attachments.count - frame.firstAttachment)
    }

    /// Of two members of one name the later one counts.
    private mutating func sortMembers(from first: Int) {
        if members.count - first <= 16 {
            // By insertion: few members, in an order that is often nearly sorted.
            for index in (first + 1)..<members.count {
                let member = members[index]
                var place = index
                while place > first, text.precedes(member, members[place - 1]) {
                    members[place] = members[place - 1]
                    place -= 1
                }
                members[place] = member
            }
        } else {
            let sorted = members[first...].sorted { left, right in
                text.precedes(left, right) || (left.nameStart < right.nameStart && !text.precedes(right, left))
            }
            members.replaceSubrange(first..., with: sorted)
        }
        var kept = first
        for index in (first + 1)..<members.count {
            if text.precedes(members[kept], members[index]) { kept += 1 }
            members[kept] = members[index]
        }
        members.removeLast(members.count - kept - 1)
    }

    // MARK: - Arrays

    mutating func openArray() -> Int {
        switch top.kind {
        case .array: return top.serial
        case .empty where baseDepth + frames.count <= CanonicalJSON.maximumDepth:
            setKind(.array)
            text.append(UInt8(ascii: "["))
            return top.serial
        default: return refuseContainer()
        }
    }

    private mutating func endArray(_ frame: Frame) throws {
        if attachments.count > frame.firstAttachment {
            var position = frame.start + 1
            scratch.removeAll(keepingCapacity: true)
            for attachment in attachments[frame.firstAttachment...] {
                scratch.append(contentsOf: text.bytes[position..<attachment.offset])
                scratch.append(contentsOf: try attachment.encoder.finish())
                position = attachment.offset
            }
            scratch.append(contentsOf: text.bytes[position...])
            replaceText(from: frame.start + 1)
            attachments.removeLast(attachments.count - frame.firstAttachment)
        }
        text.append(UInt8(ascii: "]"))
    }

    /// Puts pieces of the innermost array, which reach up to the end of the text, into the order of their bytes.
    mutating func sort(_ pieces: [Range<Int>], from start: Int) {
        scratch.removeAll(keepingCapacity: true)
        for piece in pieces.sorted(by: { text.bytes.precedes($0, $1) }) {
            if !scratch.isEmpty { scratch.append(UInt8(ascii: ",")) }
            scratch.append(contentsOf: text.bytes[piece])
        }
        replaceText(from: start)
    }

    private mutating func replaceText(from start: Int) {
        if start == 0 { return swap(&text.bytes, &scratch) }
        text.bytes.removeLast(text.bytes.count - start)
        text.bytes.append(contentsOf: scratch)
    }

    // MARK: - Values with an encoder of their own

    /// For a member whose name is written, or for an element.
    mutating func attach(_ child: CanonicalEncoder, isMember: Bool) {
        if isMember { members[members.count - 1].attachment = attachments.count }
        attachments.append(Attachment(offset: text.bytes.count, encoder: child))
        endValue()
    }

    /// The attachment of a member, when the same nested container is asked for a second time.
    func attachment(named name: String, _ kind: Frame.Kind) -> CanonicalEncoder? {
        var wanted = JSONText()
        wanted.escaped(name)
        let prefix = wanted.bytes.prefix(0..<wanted.bytes.count)
        for member in members[top.firstMember...].reversed() where member.prefix == prefix {
            guard let index = member.attachment, text.bytes[member.nameStart..<member.nameEnd].elementsEqual(wanted.bytes) else { continue }
            let encoder = attachments[index].encoder
            return encoder.state.frames.first?.kind == kind ? encoder : nil
        }
        return nil
    }

    mutating func releaseAttachments(from first: Int) {
        for attachment in attachments[first...] { attachment.encoder.releaseAttachments() }
        attachments.removeLast(attachments.count - first)
    }

    /// - Returns: a serial that no frame has.
    mutating func refuseContainer() -> Int {
        // Foundation traps here. A task's argument must not end the process that pushes it.
        if failure == nil {
            failure =
                baseDepth + frames.count > CanonicalJSON.maximumDepth
                ? tooDeep() : error("The value was encoded already, as something else.", about: ())
        }
        return -1
    }

    mutating func noteMisplaced() { failure = misplaced() }
}

extension JSONText {
    /// The name as it was before it was escaped.
    func name(_ member: EncodingState.Member) -> String { JSONUnescaping.string(bytes[member.nameStart..<member.nameEnd]) }

    /// Whether the name of the first member comes before that of the second.
    func precedes(_ first: EncodingState.Member, _ second: EncodingState.Member) -> Bool {
        if first.isEscaped || second.isEscaped { return name(first).utf8.lexicographicallyPrecedes(name(second).utf8) }
        if first.prefix != second.prefix { return first.prefix < second.prefix }
        return bytes.precedes(first.nameStart..<first.nameEnd, second.nameStart..<second.nameEnd)
    }
}
