import Foundation

/// What kind of file system a directory is on.
struct FileSystem {
    /// As the kernel names it: `ext4`, `nfs4`, …
    let name: String

    /// Shared between machines: SQLite's locks and shared memory cannot be trusted there.
    var isNetwork: Bool {
        ["nfs", "nfs4", "cifs", "smb2", "smb3", "smbfs", "ncpfs", "afs", "ceph", "lustre", "gfs2", "ocfs2", "beegfs", "glusterfs"]
            .contains(name) || ["fuse.sshfs", "fuse.glusterfs", "fuse.ceph", "fuse.s3fs"].contains(name)
    }

    /// Local or not, its kind does not tell.
    var isDoubtful: Bool { name == "9p" || name.hasPrefix("fuse") }

    /// The file system of an existing directory; `nil` where that cannot be found out.
    static func of(_ directory: String) -> FileSystem? {
        #if os(Linux)
            guard let table = try? String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8) else { return nil }
            let resolved = URL(fileURLWithPath: directory).resolvingSymlinksInPath().path
            return of(resolved, mounts: table)
        #else
            return nil
        #endif
    }

    /// Looks a path up in a table of mounts, as `proc(5)` describes it. Of several on one mount point the last one counts.
    static func of(_ path: String, mounts table: String) -> FileSystem? {
        var best: (length: Int, name: String)?
        for line in table.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count > 6, let dash = fields.firstIndex(of: "-"), dash + 1 < fields.count else { continue }
            let point = fields[4].replacingOccurrences(of: "\\040", with: " ")
            guard path == point || point == "/" || path.hasPrefix(point + "/"), point.count >= best?.length ?? 0 else { continue }
            best = (point.count, String(fields[dash + 1]))
        }
        return best.map { FileSystem(name: $0.name) }
    }
}
