import Foundation

/// The `RELIER_` lines of a `.env` file. They are read strictly: one that is not `NAME=value` is an error that names line and setting, never the value.
/// Whatever else the file holds belongs to others. It is passed over; lines that this reader cannot read are warned about by their numbers alone, since
/// they may be pieces of a secret.
///
/// `export` before the name, and single or double quotes around the value, are allowed; in double quotes `\n`, `\t`, `\"`, `\\`
/// and `\$` stand for one character. After an unquoted value, ` #` starts a comment. The last of two equal names counts.
struct DotEnv: Sendable {
    private static let prefix = "RELIER_"

    let path: String
    private(set) var values: [String: String] = [:]
    private var lines: [String: Int] = [:]
    /// The lines of others that could not be read.
    private(set) var passedOver: [Int] = []

    /// The nearest file named `.env` in `directory` or above it; `nil` if there is none.
    static func find(from directory: String) throws(SettingsError) -> DotEnv? {
        var folder = URL(filePath: directory, directoryHint: .isDirectory).standardizedFileURL
        while true {
            let path = folder.appending(component: ".env").path(percentEncoded: false)
            var isDirectory = false
            // A directory of that name belongs to somebody else's tool.
            if FileStatus.exists(path, isDirectory: &isDirectory), !isDirectory { return try DotEnv(path: path) }
            let parent = folder.deletingLastPathComponent().standardizedFileURL
            if parent.path == folder.path || folder.path == "/" { return nil }
            folder = parent
        }
    }

    init(path: String) throws(SettingsError) {
        // In UTF-16 no line would look like ours.
        guard let data = FileManager.default.contents(atPath: path), !data.starts(with: [0xff, 0xfe]), !data.starts(with: [0xfe, 0xff])
        else {
            throw SettingsError("\(path) cannot be read as UTF-8 text; correct it or move it away")
        }
        // Others' values may be in any encoding.
        try self.init(path: path, text: String(decoding: data, as: UTF8.self))
    }

    init(path: String, text: String) throws(SettingsError) {
        self.path = path
        let all = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map {
            $0.trimmingPrefix(while: \.isWhitespace).trimmedEnd
        }
        var index = 0
        while index < all.count {
            let line = all[index]
            if line.isEmpty || line.hasPrefix("#") {
                index += 1
            } else if let own = Self.own(line) {
                do {
                    let (name, value) = try Self.parse(own)
                    values[name] = value
                    lines[name] = index + 1
                } catch {
                    throw SettingsError("\(path) line \(index + 1): \(error.description); allowed: NAME=value")
                }
                index += 1
            } else {
                let end = Self.endOfForeignValue(from: index, in: all)
                if end > index || !Self.isReadable(line) { passedOver += index + 1...end + 1 }
                index = end + 1
            }
        }
    }

    /// File and line of a name.
    func place(of name: String) -> String { "\(path) line \(lines[name] ?? 0)" }

    /// One line about what was passed over; `nil` when there was nothing.
    var warning: String? {
        guard let first = passedOver.first else { return nil }
        let shown = passedOver.prefix(10).map(String.init).joined(separator: ", ")
        let which = passedOver.count == 1 ? "line \(first) is" : "lines \(shown)\(passedOver.count > 10 ? ", …" : "") are"
        return "\(path): \(which) not NAME=value and no setting of Relier's; passed over"
    }

    // What belongs to others

    /// The line from its name on, if it is one of ours.
    private static func own(_ line: Substring) -> Substring? {
        let line = withoutExport(line)
        return line.hasPrefix(prefix) ? line : nil
    }

    /// The index of the last line of the value that begins there: a quoted one may go on over several lines. Since a quote may also be a mere
    /// apostrophe, a line of ours ends it.
    private static func endOfForeignValue(from start: Int, in lines: [Substring]) -> Int {
        guard let sign = lines[start].firstIndex(of: "=") else { return start }
        let value = lines[start][lines[start].index(after: sign)...].trimmingPrefix(while: \.isWhitespace)
        guard let quote = value.first, quote == "\"" || quote == "'", !closes(value.dropFirst(), quote) else { return start }
        for index in lines.indices[(start + 1)...] {
            if own(lines[index]) != nil { return start }
            if closes(lines[index], quote) { return index }
        }
        return start
    }

    private static func closes(_ text: Substring, _ quote: Character) -> Bool {
        var isEscaped = false
        for character in text {
            if character == quote && !isEscaped { return true }
            isEscaped = character == "\\" && quote == "\"" && !isEscaped
        }
        return false
    }

    private static func isReadable(_ line: Substring) -> Bool { (try? parse(withoutExport(line))) != nil }

    // One line

    private static func withoutExport(_ line: Substring) -> Substring {
        guard line.hasPrefix("export "), let rest = line.split(separator: " ", maxSplits: 1).last else { return line }
        return rest.trimmingPrefix(while: \.isWhitespace)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        byte == 0x5f || (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
    }

    /// - Throws: an error that shows the name and nothing behind it.
    private static func parse(_ line: Substring) throws(SettingsError) -> (name: String, value: String) {
        let key = String(decoding: line.utf8.prefix(while: isNameByte).prefix(60), as: UTF8.self)
        guard let sign = line.firstIndex(of: "=") else { throw SettingsError("\(key) has no '=' behind it") }
        let name = line[..<sign].trimmedEnd
        guard let first = name.utf8.first, !(0x30...0x39).contains(first), name.utf8.allSatisfy(isNameByte) else {
            throw SettingsError("\(key) has something between its name and the '='")
        }
        let text = line[line.index(after: sign)...].trimmingPrefix(while: \.isWhitespace)
        do { return (String(name), try value(of: text)) } catch { throw SettingsError("\(key): \(error.description)") }
    }

    private static func value(of text: Substring) throws(SettingsError) -> String {
        if text.contains("\u{fffd}") { throw SettingsError("the value is not UTF-8 text") }
        guard let quote = text.first, quote == "\"" || quote == "'" else {
            if text.hasPrefix("#") { return "" }
            var end = text.endIndex
            for index in text.indices where text[index] == "#" && text[text.index(before: index)].isWhitespace {
                end = index
                break
            }
            return String(text[..<end].trimmedEnd)
        }
        var value = ""
        var index = text.index(after: text.startIndex)
        while index < text.endIndex {
            let character = text[index]
            index = text.index(after: index)
            if character == quote {
                let rest = text[index...].trimmingPrefix(while: \.isWhitespace)
                guard rest.isEmpty || rest.hasPrefix("#") else { throw SettingsError("there is something after the closing quote") }
                return value
            }
            if character == "\\", quote == "\"", index < text.endIndex {
                let escaped = text[index]
                index = text.index(after: index)
                switch escaped {
                case "n": value.append("\n")
                case "t": value.append("\t")
                case "\"", "\\", "$": value.append(escaped)
                default: value.append(contentsOf: ["\\", escaped])
                }
            } else {
                value.append(character)
            }
        }
        throw SettingsError("the quote is not closed")
    }
}

/// What lies at a path.
enum FileStatus {
    static func exists(_ path: String, isDirectory: inout Bool) -> Bool {
        var directory: ObjCBool = false
        let exists = FileManager.default.fileExists(atPath: path, isDirectory: &directory)
        isDirectory = directory.boolValue
        return exists
    }
}
