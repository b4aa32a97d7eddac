/// An address to receive on, as `--listen` and the configuration name it.
public enum ListenAddress: Sendable, Equatable {
    case udp(host: String, port: UInt16)
    case tcp(host: String, port: UInt16)
    case tls(host: String, port: UInt16)
    case unixDatagram(path: String)

    /// Reads `udp://HOST:PORT` (an IPv6 host in brackets), the same with `tcp` or `tls`, or `unixgram:///PATH`.
    ///
    /// - Throws: `ListenError.badAddress` with a valid form.
    public init(_ text: String) throws(ListenError) {
        if let rest = text.after("udp://") {
            let (host, port) = try ListenAddress.hostAndPort(rest, text)
            self = .udp(host: host, port: port)
        } else if let rest = text.after("tcp://") {
            let (host, port) = try ListenAddress.hostAndPort(rest, text)
            self = .tcp(host: host, port: port)
        } else if let rest = text.after("tls://") {
            let (host, port) = try ListenAddress.hostAndPort(rest, text)
            self = .tls(host: host, port: port)
        } else if let rest = text.after("unixgram://") {
            guard rest.hasPrefix("/"), rest != "/", rest.utf8.count < 108 else {
                throw .badAddress("'\(text)': write unixgram:///PATH, of at most 107 bytes")
            }
            self = .unixDatagram(path: String(rest))
        } else {
            throw .badAddress("'\(text)': write udp://HOST:PORT, tcp://HOST:PORT, tls://HOST:PORT or unixgram:///PATH")
        }
    }

    public var description: String {
        switch self {
        case .udp(let host, let port): "udp://\(ListenAddress.bracketed(host)):\(port)"
        case .tcp(let host, let port): "tcp://\(ListenAddress.bracketed(host)):\(port)"
        case .tls(let host, let port): "tls://\(ListenAddress.bracketed(host)):\(port)"
        case .unixDatagram(let path): "unixgram://\(path)"
        }
    }

    /// The scheme of the address: `udp`, `tcp`, `tls`, `unixgram`.
    public var transport: String {
        switch self {
        case .udp: "udp"
        case .tcp: "tcp"
        case .tls: "tls"
        case .unixDatagram: "unixgram"
        }
    }

    /// Host and port of a stream; nil for datagrams.
    public var streamEnd: (host: String, port: UInt16)? {
        switch self {
        case .tcp(let host, let port), .tls(let host, let port): (host, port)
        case .udp, .unixDatagram: nil
        }
    }

    public var isTLS: Bool {
        if case .tls = self { true } else { false }
    }

    private static func bracketed(_ host: String) -> String { host.contains(":") ? "[\(host)]" : host }

    private static func hostAndPort(_ rest: Substring, _ text: String) throws(ListenError) -> (String, UInt16) {
        // UInt16's parser would accept a sign
        guard let colon = rest.lastIndex(of: ":"), let port = UInt16(rest[rest.index(after: colon)...]),
            rest[rest.index(after: colon)...].first != "+"
        else {
            throw .badAddress("'\(text)': write \(text.prefix(3))://HOST:PORT, the port from 0 to 65535")
        }
        var host = rest[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            throw .badAddress("'\(text)': write an IPv6 address in brackets, \(text.prefix(3))://[::1]:5140")
        }
        return (host.isEmpty ? "0.0.0.0" : String(host), port)
    }
}

public enum ListenError: Error, Sendable, CustomStringConvertible {
    case badAddress(String)
    /// The socket could not be made or bound; the text names the address, the call and the system's reason.
    case cannotListen(String)
    /// A certificate or key cannot be used; the text names the file.
    case badCertificate(String)

    public var description: String {
        switch self {
        case .badAddress(let why): "listen address \(why)"
        case .cannotListen(let why): "cannot listen on \(why)"
        case .badCertificate(let why): "TLS: \(why)"
        }
    }
}

extension String {
    fileprivate func after(_ prefix: String) -> Substring? {
        hasPrefix(prefix) ? dropFirst(prefix.count) : nil
    }
}
