import Listen
import Logging
import Settings
import Store

/// The settings with all their texts understood, so that nothing wrong in them is found later than at the start.
struct Plan: Sendable {
    let settings: Settings
    let listen: [ListenAddress]
    /// The store, without secrets.
    let store: String
    let http: (host: String, port: Int)?
    let level: Logger.Level
    /// Nil where there is no certificate.
    let certificates: Certificates?

    /// Where TLS finds its files; nothing is opened yet.
    struct Certificates: Sendable {
        let certificate: String
        let key: String
        let clientAuthorities: String?
        let clientCertificates: TLSServer.ClientCertificates

        /// - Throws: `Failure` with 78.
        func load() throws -> TLSServer {
            do throws(ListenError) {
                return try TLSServer(
                    certificate: certificate, key: key, clientAuthorities: clientAuthorities,
                    clientCertificates: clientCertificates)
            } catch {
                throw Failure(78, error.description)
            }
        }
    }

    var streamLimits: StreamLimits {
        StreamLimits(
            connections: settings.streams.maximumConnections,
            connectionsPerAddress: settings.streams.maximumConnectionsPerAddress,
            idleSeconds: settings.streams.idleTimeoutSeconds,
            messageSeconds: settings.streams.messageTimeoutSeconds,
            handshakeSeconds: settings.streams.handshakeTimeoutSeconds)
    }

    /// - Throws: `Failure` with 78.
    init(_ settings: Settings) throws {
        self.settings = settings
        do throws(ListenError) {
            var addresses: [ListenAddress] = []
            for text in settings.listen { addresses.append(try ListenAddress(text)) }
            listen = addresses
        } catch {
            throw Failure(78, error.description)
        }
        do throws(StoreError) {
            store = try StoreLocation(settings.store).description
        } catch {
            throw Failure(78, error.description)
        }
        guard let level = Logger.Level(rawValue: settings.log.level) else {
            throw Failure(78, "log level '\(settings.log.level)' is none of swift-log's")
        }
        self.level = level
        certificates = try Plan.certificates(settings.tls)
        if certificates == nil, let address = listen.first(where: { $0.isTLS }) {
            throw Failure(78, "\(address.description): TLS needs certificate and key in [tls]")
        }
        http = try settings.http.map(Plan.hostAndPort)
    }

    private static func certificates(_ tls: TLSSettings) throws -> Certificates? {
        guard let certificate = tls.certificate, let key = tls.key else {
            if tls == TLSSettings() { return nil }
            throw Failure(78, "[tls] needs both certificate and key")
        }
        let asked = tls.clientCertificates ?? (tls.clientAuthorities == nil ? "none" : "required")
        guard let clientCertificates = TLSServer.ClientCertificates(rawValue: asked) else {
            throw Failure(78, "[tls] client_certificates '\(asked)' is none of none, optional, required")
        }
        if clientCertificates != .none && tls.clientAuthorities == nil {
            throw Failure(78, "[tls] client_certificates = \"\(asked)\" needs client_ca")
        }
        return Certificates(
            certificate: certificate, key: key, clientAuthorities: tls.clientAuthorities,
            clientCertificates: clientCertificates)
    }

    private static func hostAndPort(_ text: String) throws -> (String, Int) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            throw Failure(78, "http '\(text)': write HOST:PORT")
        }
        let host = text[..<colon].filter { $0 != "[" && $0 != "]" }
        return (host.isEmpty ? "127.0.0.1" : host, Int(port))
    }
}
