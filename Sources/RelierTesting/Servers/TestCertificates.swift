import Foundation

/// Certificates of a test's own making, by the `openssl` program: an authority, a server named `localhost`, a client. They go with this object.
public final class TestCertificates: Sendable {
    /// Files in PEM.
    public struct Identity: Sendable {
        public let certificate: String
        public let key: String
    }

    private let directory: TemporaryDirectory
    /// The file with the authority's certificate.
    public let authority: String
    /// The same of another authority, which has signed nothing.
    public let stranger: String
    public let server: Identity
    public let client: Identity

    /// - Throws: ``ServerFailure`` where `openssl` is not installed or does not do it.
    public init() async throws {
        let directory = try TemporaryDirectory()
        self.directory = directory
        func identity(_ name: String) -> Identity {
            Identity(certificate: directory.file("\(name).pem"), key: directory.file("\(name).key"))
        }
        let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        for name in ["authority", "stranger"] {
            let made = identity(name)
            try await Self.openssl(
                ["req", "-x509"] + curve + ["-days", "2", "-subj", "/CN=\(name)", "-keyout", made.key, "-out", made.certificate])
        }
        try "subjectAltName=DNS:localhost".write(toFile: directory.file("names"), atomically: true, encoding: .utf8)
        for name in ["server", "client"] {
            let (made, request) = (identity(name), directory.file("\(name).csr"))
            try await Self.openssl(["req"] + curve + ["-subj", "/CN=\(name)", "-keyout", made.key, "-out", request])
            let signer = identity("authority")
            try await Self.openssl([
                "x509", "-req", "-in", request, "-CA", signer.certificate, "-CAkey", signer.key, "-CAcreateserial", "-days", "2",
                "-extfile",
                directory.file("names"), "-out", made.certificate,
            ])
        }
        authority = identity("authority").certificate
        stranger = identity("stranger").certificate
        server = identity("server")
        client = identity("client")
    }

    /// Suspends rather than blocks: several at once would hold all threads that tests run on.
    private static func openssl(_ arguments: [String]) async throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["openssl"] + arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        let status = try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Int32, any Error>) in
            process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
            do { try process.run() } catch { continuation.resume(throwing: error) }
        }
        if status != 0 { throw ServerFailure("openssl \(arguments.joined(separator: " ")) ended with status \(status)") }
    }
}
