import CTLS
import Sockets

/// Certificate, key and rules of the server's side of TLS. They are read from files once, for any number of
/// connections.
public struct TLSServer: Sendable {
    public enum ClientCertificates: String, Sendable, CaseIterable {
        /// The server asks for no certificate.
        case none
        /// A client may have none, and a bad one is refused.
        case optional
        /// A client without a good certificate is refused.
        case required
    }

    private let handle: Handle
    /// Names of relays in lower case; empty for all.
    private let permitted: Set<String>

    /// - Parameters:
    ///   - certificate: path of a PEM file with the certificate and the intermediate ones.
    ///   - key: path of a PEM file without a password.
    ///   - clientAuthorities: path of a PEM file with the authorities for clients' certificates.
    ///   - revocations: path of a PEM file with lists of revoked certificates of clients; nil for none.
    ///   - permitted: names of clients whose certificate counts as good; empty for all.
    /// - Throws: `ListenError.badCertificate` that names the file and the way out.
    public init(
        certificate: String, key: String, clientAuthorities: String?, clientCertificates: ClientCertificates,
        revocations: String? = nil, permitted: [String] = []
    ) throws(ListenError) {
        self.permitted = Set(permitted.map { $0.lowercased() })
        guard let handle = Handle() else { throw .badCertificate("OpenSSL gets no memory") }
        self.handle = handle
        try TLSServer.read("certificate", certificate) { tls_server_use_certificate(handle.server, certificate, $0) }
        try TLSServer.read("key", key, of: certificate) { tls_server_use_key(handle.server, key, $0) }
        if clientCertificates == .none { return }
        guard let clientAuthorities else {
            throw .badCertificate("client certificates cannot be checked without client_ca")
        }
        try TLSServer.read("client_ca", clientAuthorities) {
            tls_server_check_clients(handle.server, clientAuthorities, clientCertificates == .required ? 1 : 0, $0)
        }
        guard let revocations else { return }
        try TLSServer.read("crl", revocations) { tls_server_use_revocations(handle.server, revocations, $0) }
    }

    /// Begins TLS on a connection; nil if there is no memory.
    func open(_ descriptor: Int32) -> TLSSession? { tls_open(handle.server, descriptor).map { TLSSession($0) } }

    /// Whether a client with one of these names in its certificate may connect.
    package func permits(_ names: [String]) -> Bool {
        permitted.isEmpty || names.contains { permitted.contains($0.lowercased()) }
    }

    /// Whether the certificate of a client, which was good at its handshake, is good now.
    func stillCertifies(_ session: TLSSession) -> Bool {
        session.isCertified(by: handle.server) && permits(session.peerNames)
    }

    /// - Parameters:
    ///   - what: the file's name in the configuration.
    ///   - certificate: the certificate that a key should belong to.
    private static func read(
        _ what: String, _ path: String, of certificate: String = "",
        by use: (UnsafeMutablePointer<CChar>) -> tls_file
    ) throws(ListenError) {
        let (result, reason) = tlsReason(use)
        let fault: String
        switch result {
        case TLS_FILE_USED: return
        case TLS_FILE_UNREADABLE: fault = "\(reason); name a file that the daemon's user can read"
        case TLS_FILE_EMPTY:
            let kinds = ["key": "private key", "crl": "list of revoked certificates"]
            fault = "holds no \(kinds[what] ?? "certificate") in PEM form (-----BEGIN ...)"
        case TLS_FILE_EXPOSED:
            fault = "others than its owner may read or change it; run chmod 600 \(path)"
        case TLS_FILE_ENCRYPTED:
            fault = "is encrypted, and no password is asked for; decrypt it with openssl pkey -in \(path) -out NEW"
        case TLS_FILE_FOREIGN: fault = "does not belong to the certificate \(certificate)"
        default: fault = "OpenSSL refuses it: \(reason)"
        }
        throw .badCertificate("\(what) \(path): \(fault)")
    }

    /// OpenSSL's object, freed with its last user.
    private final class Handle: Sendable {
        // not changed after `TLSServer.init`, and any thread may open connections with it (SSL_CTX_new(3))
        nonisolated(unsafe) let server: OpaquePointer

        init?() {
            guard let server = tls_server_create() else { return nil }
            self.server = server
        }

        deinit { tls_server_free(server) }
    }
}

/// Calls a function of CTLS that writes the reason of a failure.
func tlsReason<Result>(_ call: (UnsafeMutablePointer<CChar>) -> Result) -> (result: Result, reason: String) {
    withUnsafeTemporaryAllocation(byteCount: Int(TLS_REASON_BYTES), alignment: 1) { room in
        let reason = room.initializeMemory(as: CChar.self, repeating: 0)
        // an allocation of more than no bytes has an address
        guard let start = reason.baseAddress else { fatalError("room without an address") }
        return (call(start), String(cString: start))
    }
}
