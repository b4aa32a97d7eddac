/// Where the daemon receives, as `--listen` and the configuration name it.
public enum ListenAddress: Sendable, Equatable {
    case udp(host: String, port: UInt16)
    case unixDatagram(path: String)

    /// Reads `udp://HOST:PORT` (an IPv6 host in brackets) or `unixgram:///PATH`.
    ///
    /// - Throws: `ListenError.badAddress` that says what would be right.
    public init(_ text: String) throws(ListenError) {
        if let rest = text.after("udp://") {
            self = try .udp(hostAndPort: rest, text)
        } else if let rest = text.after("unixgram://") {
            guard rest.hasPrefix("/"), rest != "/", rest.utf8.count < 108 else {
                throw .badAddress("'\(text)': write unixgram:///PATH, of at most 107 bytes")
            }
            self = .unixDatagram(path: String(rest))
        } else if text.after("tcp://") != nil || text.after("tls://") != nil {
            throw .badAddress("'\(text)': this version receives udp:// and unixgram:// only")
        } else {
            throw .badAddress("'\(text)': write udp://HOST:PORT or unixgram:///PATH")
        }
    }

    public var description: String {
        switch self {
        case .udp(let host, let port): "udp://\(host.contains(":") ? "[\(host)]" : host):\(port)"
        case .unixDatagram(let path): "unixgram://\(path)"
        }
    }

    private static func udp(hostAndPort rest: Substring, _ text: String) throws(ListenError) -> ListenAddress {
        // UInt16 would take a sign
        guard let colon = rest.lastIndex(of: ":"), let port = UInt16(rest[rest.index(after: colon)...]),
            rest[rest.index(after: colon)...].first != "+"
        else {
            throw .badAddress("'\(text)': write udp://HOST:PORT, the port from 0 to 65535")
        }
        var host = rest[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            throw .badAddress("'\(text)': write an IPv6 address in brackets, udp://[::1]:5140")
        }
        return .udp(host: host.isEmpty ? "0.0.0.0" : String(host), port: port)
    }
}

public enum ListenError: Error, Sendable, CustomStringConvertible {
    case badAddress(String)
    /// The socket could not be made or bound; the text names the address, the call and the system's reason.
    case cannotListen(String)

    public var description: String {
        switch self {
        case .badAddress(let why): "listen address \(why)"
        case .cannotListen(let why): "cannot listen on \(why)"
        }
    }
}

extension String {
    fileprivate func after(_ prefix: String) -> Substring? {
        hasPrefix(prefix) ? dropFirst(prefix.count) : nil
    }
}
