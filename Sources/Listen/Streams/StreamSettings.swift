import NIOCore
import NIOSSL

/// Bounds on the connections of all stream sockets together.
public struct StreamLimits: Sendable, Equatable {
    public var connections: Int
    public var connectionsPerAddress: Int
    /// How long a connection may be silent.
    public var idleSeconds: Int
    /// How long a message may take from its first byte to its last.
    public var messageSeconds: Int
    public var handshakeSeconds: Int

    public init(
        connections: Int, connectionsPerAddress: Int, idleSeconds: Int, messageSeconds: Int, handshakeSeconds: Int
    ) {
        self.connections = connections
        self.connectionsPerAddress = connectionsPerAddress
        self.idleSeconds = idleSeconds
        self.messageSeconds = messageSeconds
        self.handshakeSeconds = handshakeSeconds
    }
}

/// The daemon's side of TLS, read from files once and used for any number of connections.
public struct TLSServer: Sendable {
    public enum ClientCertificates: String, Sendable, CaseIterable {
        /// None is asked for.
        case none
        /// One that is presented must be good.
        case optional
        case required
    }

    let context: NIOSSLContext

    /// - Parameters:
    ///   - certificate: a PEM file with the certificate and those that lead to the root.
    ///   - key: a PEM file.
    ///   - clientAuthorities: a PEM file with the certificates that clients' certificates are checked against.
    /// - Throws: `ListenError.badCertificate` that names the file.
    public init(
        certificate: String, key: String, clientAuthorities: String?, clientCertificates: ClientCertificates
    ) throws(ListenError) {
        let chain = try TLSServer.read(certificate, "certificate") { try NIOSSLCertificate.fromPEMFile(certificate) }
        let privateKey = try TLSServer.read(key, "key") { try NIOSSLPrivateKey(file: key, format: .pem) }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(privateKey))
        configuration.minimumTLSVersion = .tlsv12
        configuration.shutdownTimeout = .seconds(1)
        switch clientCertificates {
        case .none: configuration.certificateVerification = .none
        case .optional: configuration.certificateVerification = .optionalVerification
        case .required: configuration.certificateVerification = .noHostnameVerification
        }
        if clientCertificates != .none {
            guard let clientAuthorities else {
                throw .badCertificate("client certificates cannot be checked without client_ca")
            }
            let roots = try TLSServer.read(clientAuthorities, "client_ca") {
                try NIOSSLCertificate.fromPEMFile(clientAuthorities)
            }
            configuration.trustRoots = .certificates(roots)
            configuration.sendCANameList = true
        }
        context = try TLSServer.read(certificate, "certificate and key \(key)") {
            try NIOSSLContext(configuration: configuration)
        }
    }

    private static func read<Value>(_ path: String, _ what: String, _ body: () throws -> Value) throws(ListenError)
        -> Value
    {
        do { return try body() } catch { throw .badCertificate("\(what) \(path): \(error)") }
    }
}
