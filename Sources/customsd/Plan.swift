import Glibc
import Listen
import Logging
import Settings
import Sockets
import Store

/// The settings with all their texts parsed, so that every error in them is found at the start.
struct Plan: Sendable {
    let settings: Settings
    let listen: [ListenAddress]
    let location: StoreLocation
    /// The store, without secrets.
    let store: String
    let http: (host: String, port: Int)?
    let level: Logger.Level
    /// Nil without a certificate.
    let certificates: Certificates?

    /// The paths of the files for TLS; no file is opened yet.
    struct Certificates: Sendable {
        let certificate: String
        let key: String
        let clientAuthorities: String?
        let clientCertificates: TLSServer.ClientCertificates
        let revocations: String?
        let permitted: [String]

        /// - Throws: `Failure` with 78.
        func load() throws -> TLSServer {
            do throws(ListenError) {
                return try TLSServer(
                    certificate: certificate, key: key, clientAuthorities: clientAuthorities,
                    clientCertificates: clientCertificates, revocations: revocations, permitted: permitted)
            } catch {
                throw Failure(78, error.description)
            }
        }
    }

    var streamLimits: StreamLimits {
        StreamLimits(
            connections: settings.streams.maximumConnections,
            certifiedConnections: settings.streams.maximumCertifiedConnections,
            connectionsPerSource: settings.streams.maximumConnectionsPerAddress,
            idleSeconds: settings.streams.idleTimeoutSeconds,
            uncertifiedIdleSeconds: settings.streams.uncertifiedIdleTimeoutSeconds,
            firstMessageSeconds: settings.streams.firstMessageTimeoutSeconds,
            messageSeconds: settings.streams.messageTimeoutSeconds,
            handshakeSeconds: settings.streams.handshakeTimeoutSeconds)
    }

    /// Looks at the files that are only needed later: certificates, and where a store's file is to lie.
    ///
    /// - Throws: `Failure` with 78.
    func checkFiles() throws {
        _ = try certificates?.load()
        guard let path = location.file else { return }
        let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        var status = stat()
        // the state directory is created at the start
        if stat(folder, &status) == 0 ? status.st_mode & S_IFMT != S_IFDIR : folder != settings.stateDirectory {
            throw Plan.complaint(settings, "store", "there is no directory \(folder) for the store \(path)")
        }
    }

    /// - Throws: `Failure` with 78.
    init(_ settings: Settings) throws {
        self.settings = settings
        do throws(ListenError) {
            var addresses: [ListenAddress] = []
            for text in settings.listen { addresses.append(try ListenAddress(text)) }
            listen = addresses
        } catch {
            throw Plan.complaint(settings, "listen", error.description)
        }
        do throws(StoreError) {
            location = try StoreLocation(settings.store)
            try location.checkForm()
        } catch {
            throw Plan.complaint(settings, "store", error.description)
        }
        store = location.description
        level = Logger.Level(settings.log.level)
        certificates = try Plan.certificates(settings.tls)
        if certificates == nil, let address = listen.first(where: { $0.isTLS }) {
            throw Failure(78, "\(address.description): TLS needs certificate and key in [tls]")
        }
        http = try settings.http.map { try Plan.hostAndPort($0, settings) }
    }

    private static func complaint(_ settings: Settings, _ key: String, _ why: String) -> Failure {
        Failure(78, settings.origins[key].map { "\($0): \(why)" } ?? why)
    }

    private static func certificates(_ tls: TLSSettings) throws -> Certificates? {
        guard let certificate = tls.certificate, let key = tls.key else {
            if tls == TLSSettings() { return nil }
            throw Failure(78, "[tls] needs both certificate and key")
        }
        let asked = tls.clientCertificates ?? (tls.clientAuthorities == nil ? .none : .required)
        if asked != .none && tls.clientAuthorities == nil {
            throw Failure(78, "[tls] client_certificates = \"\(asked.rawValue)\" needs client_ca")
        }
        if asked == .none && (tls.revocations != nil || !tls.permitted.isEmpty) {
            throw Failure(78, "[tls] crl and permitted are about certificates of clients, and need client_ca")
        }
        return Certificates(
            certificate: certificate, key: key, clientAuthorities: tls.clientAuthorities,
            clientCertificates: rule(asked), revocations: tls.revocations, permitted: tls.permitted)
    }

    private static func rule(_ asked: TLSSettings.ClientCertificates) -> TLSServer.ClientCertificates {
        switch asked {
        case .none: .none
        case .optional: .optional
        case .required: .required
        }
    }

    private static func hostAndPort(_ text: String, _ settings: Settings) throws -> (String, Int) {
        let refusal = complaint(settings, "http", "http '\(text)': write HOST:PORT, or [ADDRESS]:PORT for IPv6")
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            throw refusal
        }
        var host = text[..<colon]
        if host.first == "[" && host.last == "]" {
            host = host.dropFirst().dropLast()
            guard host.contains(":"), host.allSatisfy({ $0.isHexDigit || ":.%".contains($0) }) else { throw refusal }
        } else {
            guard host.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || ".-_".contains($0)) }) else {
                throw refusal
            }
        }
        return (host.isEmpty ? "127.0.0.1" : String(host), Int(port))
    }
}

extension Logger.Level {
    fileprivate init(_ level: LogSettings.Level) {
        self =
            switch level {
            case .trace: .trace
            case .debug: .debug
            case .info: .info
            case .notice: .notice
            case .warning: .warning
            case .error: .error
            case .critical: .critical
            }
    }
}
