/// A value in a JSON text, or the name of a member.
///
/// Nodes are in the order of the text: the nodes of elements and members follow that of their array or object. Members have two nodes, one
/// for the name and one for the value.
struct JSONNode {
    enum Kind: UInt8 { case null, `false`, `true`, number, string, array, object, name }

    let kind: Kind
    /// A string without escapes, a number without fraction and exponent, or an object whose names are sorted and plain ASCII.
    var isPlain: Bool
    /// A string or name whose bytes are all ASCII. (Its escapes may stand for other characters.)
    var isASCII = true
    private let start: UInt32
    var end: UInt32
    /// The node behind this value and its elements or members.
    var next: UInt32 = 0
    /// The number of its elements or members.
    var count: UInt32 = 0
    /// The array or object that holds this value, and the number of values before it there.
    var parent: UInt32 = 0
    var ordinal: UInt32 = 0

    /// Texts are shorter than 2^32 bytes.
    init(_ kind: Kind, start: Int, end: Int, isPlain: Bool) {
        self.kind = kind
        self.start = UInt32(truncatingIfNeeded: start)
        self.end = UInt32(truncatingIfNeeded: end)
        self.isPlain = isPlain
    }

    /// The bytes of the value; those of a string or name are between its quotation marks.
    var range: Range<Int> { Int(start)..<Int(end) }

    /// As Foundation's decoder calls it in its errors.
    var description: String {
        switch kind {
        case .null: "null"
        case .false, .true: "bool"
        case .number: "number"
        case .string, .name: "a string"
        case .array: "an array"
        case .object: "a dictionary"
        }
    }
}
