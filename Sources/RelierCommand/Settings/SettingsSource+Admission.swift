import Relier

extension SettingsSource {
    /// The policy that the settings under "Admission" make; `nil` when none of them bounds anything.
    func admission() throws(SettingsError) -> AdmissionPolicy? {
        let limit = try value(of: SettingsTable.admissionLimit)?.count
        let backlog = try value(of: SettingsTable.admissionMaxBacklog)
        let age = try value(of: SettingsTable.admissionMaxAge)
        let window = try value(of: SettingsTable.admissionWindow) ?? AdmissionPolicy().window
        if limit == nil && backlog == nil && age == nil { return nil }
        return AdmissionPolicy(limit: limit, window: window, maxBacklog: backlog, maxAge: age)
    }
}
