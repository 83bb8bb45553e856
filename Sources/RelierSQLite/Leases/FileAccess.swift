import Foundation

/// Who may use a database: the files beside it are for the same people, whatever the umask of the process that makes them.
struct FileAccess: Sendable, Hashable {
    /// The bits that grant reading and writing.
    let mode: mode_t
    let owner: uid_t
    let group: gid_t

    /// The access to an existing file; `nil` when that cannot be told.
    init?(of path: String) {
        var info = stat()
        guard stat(path, &info) == 0 else { return nil }
        mode = info.st_mode & 0o666
        owner = info.st_uid
        group = info.st_gid
    }

    /// Grants the same access to an open file or directory; a directory may be searched by whoever may read it. What this user may not change stays.
    func grant(to descriptor: Int32) {
        var info = stat()
        guard fstat(descriptor, &info) == 0 else { return }
        // As SQLite does for its own files: what root makes belongs to the owner of the database.
        let isRoot = geteuid() == 0
        if info.st_gid != group || (isRoot && info.st_uid != owner) { _ = fchown(descriptor, isRoot ? owner : uid_t.max, group) }
        let isDirectory = info.st_mode & S_IFMT == S_IFDIR
        let wanted = isDirectory ? mode | (mode & 0o444) >> 2 : mode
        if info.st_mode & 0o777 != wanted { _ = fchmod(descriptor, wanted) }
    }
}
