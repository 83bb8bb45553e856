import Foundation

/// The one path that all names of a file share. Symbolic links are followed once, at opening, so that a file has one log and one runtime directory
/// by whatever name a program opens it.
enum ResolvedPath {
    /// As many links as the kernel follows.
    private static let maxLinks = 40

    /// The resolved path of a file, or of the place where it will be made. A path that cannot be resolved stays as it is.
    static func of(_ path: String, links: Int = 0) -> String {
        if let real = real(path) { return real }
        let parent = (path as NSString).deletingLastPathComponent
        if links < maxLinks, let target = try? FileManager.default.destinationOfSymbolicLink(atPath: path) {
            return of(target.hasPrefix("/") ? target : "\(parent)/\(target)", links: links + 1)
        }
        guard let real = real(parent) else { return path }
        return (real as NSString).appendingPathComponent((path as NSString).lastPathComponent)
    }

    private static func real(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}
