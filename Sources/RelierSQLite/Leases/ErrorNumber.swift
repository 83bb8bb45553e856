import Foundation

/// A failure of a system call.
struct ErrorNumber: Sendable, Hashable, CustomStringConvertible {
    let value: Int32

    private static let names: [Int32: String] = [
        EACCES: "EACCES", EPERM: "EPERM", EMFILE: "EMFILE", ENFILE: "ENFILE", EIO: "EIO", ENOMEM: "ENOMEM", EINTR: "EINTR", ELOOP: "ELOOP",
        ENOTDIR: "ENOTDIR", ENOENT: "ENOENT", EISDIR: "EISDIR", ENOLCK: "ENOLCK", EROFS: "EROFS", ESTALE: "ESTALE", EOVERFLOW: "EOVERFLOW",
        ENAMETOOLONG: "ENAMETOOLONG", ETXTBSY: "ETXTBSY", EBUSY: "EBUSY", EINVAL: "EINVAL", ENODEV: "ENODEV", ENXIO: "ENXIO",
    ]

    /// Its name, such as `EACCES`, and what it means.
    var description: String { "\(Self.names[value] ?? "errno \(value)"): \(String(cString: strerror(value)))" }

    /// What a user can do about it.
    var remedy: String {
        switch value {
        case EACCES, EPERM:
            "run this program as the worker's user, or give its user read permission to the database and the files beside it"
        case EMFILE: "raise this process's limit of open files (ulimit -n)"
        case ENFILE: "raise the machine's limit of open files (fs.file-max)"
        case ENOMEM: "free some memory"
        default: "check the disk"
        }
    }
}
