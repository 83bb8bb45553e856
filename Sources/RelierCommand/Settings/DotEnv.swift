import Foundation

/// A `.env` file, read strictly: a line that is neither empty, a comment nor `NAME=value` is an error that names it.
///
/// `export` before the name, and single or double quotes around the value, are allowed; in double quotes `\n`, `\t`, `\"`, `\\`
/// and `\$` stand for one character. After an unquoted value, ` #` starts a comment. The last of two equal names counts.
struct DotEnv: Sendable {
    let path: String
    private(set) var values: [String: String] = [:]
    private var lines: [String: Int] = [:]

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
        guard let data = FileManager.default.contents(atPath: path), let text = String(data: data, encoding: .utf8) else {
            throw SettingsError("\(path) cannot be read as UTF-8 text; correct it or move it away")
        }
        try self.init(path: path, text: text)
    }

    init(path: String, text: String) throws(SettingsError) {
        self.path = path
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let line = line.trimmingPrefix(while: \.isWhitespace).trimmedEnd
            if line.isEmpty || line.hasPrefix("#") { continue }
            do {
                let (name, value) = try Self.parse(line)
                values[name] = value
                lines[name] = index + 1
            } catch {
                throw SettingsError("\(path) line \(index + 1): \(error.description); allowed: NAME=value, '# comment' or an empty line")
            }
        }
    }

    /// File and line of a name.
    func place(of name: String) -> String { "\(path) line \(lines[name] ?? 0)" }

    private static func parse(_ line: Substring) throws(SettingsError) -> (name: String, value: String) {
        var line = line
        if line.hasPrefix("export "), let rest = line.split(separator: " ", maxSplits: 1).last {
            line = rest.trimmingPrefix(while: \.isWhitespace)
        }
        guard let sign = line.firstIndex(of: "=") else { throw SettingsError("'\(line.prefix(40))' has no '='") }
        let name = line[..<sign].trimmedEnd
        guard let first = name.utf8.first, !(0x30...0x39).contains(first),
            name.utf8.allSatisfy({ $0 == 0x5f || (0x30...0x39).contains($0) || (0x41...0x5a).contains($0) || (0x61...0x7a).contains($0) })
        else { throw SettingsError("'\(name.prefix(40))' is not a name of letters, digits and '_'") }
        let text = line[line.index(after: sign)...].trimmingPrefix(while: \.isWhitespace)
        return (String(name), try value(of: text))
    }

    private static func value(of text: Substring) throws(SettingsError) -> String {
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
