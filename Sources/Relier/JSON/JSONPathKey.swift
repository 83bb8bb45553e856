/// One step of a coding path: the name of a member, or the index of an element.
///
/// Coders make paths only for errors, from the text that they read or wrote, so these keys have the names of the type's own keys but not
/// their type.
struct JSONPathKey: CodingKey {
    let stringValue: String
    let intValue: Int?

    init(stringValue: String) {
        self.stringValue = stringValue
        intValue = nil
    }

    init(intValue: Int) {
        stringValue = "Index \(intValue)"
        self.intValue = intValue
    }

    /// The key that `superEncoder()` and `superDecoder()` use.
    static let `super` = JSONPathKey(stringValue: "super")
}
