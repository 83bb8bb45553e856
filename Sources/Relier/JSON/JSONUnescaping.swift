/// The characters behind the escapes of a JSON string.
enum JSONUnescaping {
    /// - Parameter text: what is between the quotation marks, found valid before.
    static func string(_ text: ArraySlice<UInt8>) -> String {
        guard text.contains(UInt8(ascii: "\\")) else { return String(decoding: text, as: UTF8.self) }
        var characters: [UInt8] = []
        characters.reserveCapacity(text.count)
        var position = text.startIndex
        while position < text.endIndex {
            let byte = text[position]
            guard byte == UInt8(ascii: "\\"), position + 1 < text.endIndex else {
                characters.append(byte)
                position += 1
                continue
            }
            let escape = text[position + 1]
            position += 2
            switch escape {
            case UInt8(ascii: "b"): characters.append(0x08)
            case UInt8(ascii: "f"): characters.append(0x0c)
            case UInt8(ascii: "n"): characters.append(0x0a)
            case UInt8(ascii: "r"): characters.append(0x0d)
            case UInt8(ascii: "t"): characters.append(0x09)
            case UInt8(ascii: "u"): characters += scalar(in: text, at: &position).utf8
            default: characters.append(escape)
            }
        }
        return String(decoding: characters, as: UTF8.self)
    }

    /// The four hexadecimal digits at that place; `nil` when they are something else.
    static func unit(in text: ArraySlice<UInt8>, at position: Int) -> UInt16? {
        guard position + 4 <= text.endIndex else { return nil }
        var unit: UInt16 = 0
        for byte in text[position..<(position + 4)] {
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
            default: return nil
            }
            unit = unit << 4 | UInt16(digit)
        }
        return unit
    }

    private static func scalar(in text: ArraySlice<UInt8>, at position: inout Int) -> String {
        guard let high = unit(in: text, at: position) else { return "\u{fffd}" }
        position += 4
        if let scalar = Unicode.Scalar(high) { return String(Character(scalar)) }
        guard let low = unit(in: text, at: position + 2), low & 0xfc00 == 0xdc00,
            let scalar = Unicode.Scalar(0x10000 + (UInt32(high & 0x3ff) << 10 | UInt32(low & 0x3ff)))
        else { return "\u{fffd}" }
        position += 6
        return String(Character(scalar))
    }
}
