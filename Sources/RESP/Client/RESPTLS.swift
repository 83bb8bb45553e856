import NIOSSL

/// How a connection is encrypted. Files are PEM, read once, when the client is made.
package struct RESPTLS: Sendable, Hashable {
    package enum Verification: String, Sendable, Hashable {
        /// The certificate is signed by a known authority and made out to the server's name.
        case full
        /// It is signed by a known authority.
        case chain
        /// Anyone may pose as the server.
        case none
    }

    /// A file with the certificates of the authorities that are trusted; `nil`: those of the system.
    package var authorities: String?
    /// A file with the client's own certificate and what leads from it to an authority. Needs ``privateKey``.
    package var certificate: String?
    package var privateKey: String?
    package var verification = Verification.full
    /// The name that is asked for and checked; `nil`: the host that is connected to.
    package var serverName: String?

    package init() {}

    /// - Throws: ``RESPError/Code/invalidSetting`` when a file is missing or holds something else.
    func context() throws(RESPError) -> NIOSSLContext {
        guard (certificate == nil) == (privateKey == nil) else {
            throw RESPError(.invalidSetting, "TLS: a client certificate and its private key go together; one of them is missing")
        }
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateVerification =
            switch verification {
            case .full: .fullVerification
            case .chain: .noHostnameVerification
            case .none: .none
            }
        if let authorities {
            configuration.trustRoots = .certificates(
                try reading("the authorities", authorities) { try NIOSSLCertificate.fromPEMFile(authorities) })
        }
        if let certificate, let privateKey {
            configuration.certificateChain =
                try reading("the client certificate", certificate) {
                    try NIOSSLCertificate.fromPEMFile(certificate).map { .certificate($0) }
                }
            configuration.privateKey = .privateKey(
                try reading("the private key", privateKey) { try NIOSSLPrivateKey(file: privateKey, format: .pem) })
        }
        do {
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw RESPError(.invalidSetting, "TLS: certificate and key do not make a working setting: \(error)", cause: error)
        }
    }

    private func reading<Value>(_ what: String, _ path: String, _ read: () throws -> Value) throws(RESPError) -> Value {
        do {
            return try read()
        } catch {
            throw RESPError(.invalidSetting, "TLS: \(what) cannot be read from \(path): \(error)", cause: error)
        }
    }
}
