import Configuration
import Foundation

/// Where values come from: the command line over the environment over `.env`; an empty value counts as absent.
struct SettingsSource {
    /// A value of the command line, under the flag that gave it.
    struct Override: Sendable {
        let setting: String
        let flag: String
        let text: String

        /// `nil` when the flag was not given.
        init?(_ setting: some SettingDescription, flag: String, text: String?) {
            guard let text else { return nil }
            self.setting = setting.name
            self.flag = flag
            self.text = text
        }
    }

    private let overrides: [String: Override]
    private let environment: [String: String]
    private let file: DotEnv?
    private let environmentProvider: EnvironmentVariablesProvider
    private let fileProvider: EnvironmentVariablesProvider

    init(overrides: [Override] = [], environment: [String: String], file: DotEnv?) {
        self.overrides = Dictionary(overrides.map { ($0.setting, $0) }, uniquingKeysWith: { $1 })
        self.environment = environment.filter { $0.key.hasPrefix("RELIER_") }
        self.file = file
        environmentProvider = EnvironmentVariablesProvider(environmentVariables: self.environment)
        fileProvider = EnvironmentVariablesProvider(environmentVariables: file?.values.filter { $0.key.hasPrefix("RELIER_") } ?? [:])
    }

    /// The value as written, and where it was written; `nil` where only a default can answer.
    func text(of setting: some SettingDescription) throws(SettingsError) -> (text: String, place: String)? {
        if let override = overrides[setting.name] { return (override.text, override.flag) }
        if let text = lookUp(setting, in: environmentProvider) { return (text, "\(setting.variable) in the environment") }
        if let file, let text = lookUp(setting, in: fileProvider) {
            return (text, "\(setting.variable) in \(file.place(of: setting.variable))")
        }
        return nil
    }

    /// The value, checked; the default where none is given.
    func value<Value>(of setting: Setting<Value>) throws(SettingsError) -> Value? {
        guard let (text, place) = try text(of: setting) else { return setting.defaultText.flatMap(setting.parse) }
        guard let value = setting.parse(text) else {
            throw SettingsError("\(place) is \(setting.isSecret ? "wrong" : "'\(text)'"); allowed: \(setting.allowed)")
        }
        return value
    }

    /// One line for each `RELIER_` variable that is no setting, and one for what was passed over in `.env`.
    var warnings: [String] {
        let known = Set(SettingsTable.all.map(\.variable))
        let places =
            environment.keys.map { ($0, "in the environment") }
            + (file?.values.keys.filter { $0.hasPrefix("RELIER_") && environment[$0] == nil }.map {
                ($0, "in \(file?.place(of: $0) ?? ".env")")
            } ?? [])
        return [file?.warning].compactMap(\.self)
            + places.filter { !known.contains($0.0) }.sorted { $0.0 < $1.0 }.map { name, place in
                let hint = NearestName.of(name, among: known).map { "; the nearest is \($0)" } ?? ""
                return "\(name) \(place) is no setting of this version and has no effect\(hint)"
            }
    }

    private func lookUp(_ setting: some SettingDescription, in provider: EnvironmentVariablesProvider) -> String? {
        let key = AbsoluteConfigKey(setting.variable.lowercased().split(separator: "_").map(String.init))
        guard let found = try? provider.value(forKey: key, type: .string).value, case .string(let text) = found.content else { return nil }
        return text.isEmpty ? nil : text
    }
}

/// A setting, a `.env` line or an argument that cannot be used. Misuse: exit status 2.
public struct SettingsError: Error, Sendable, CustomStringConvertible {
    /// One line: which, where, what is allowed.
    public let description: String
    init(_ description: String) { self.description = description }
}
