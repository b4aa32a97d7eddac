import Glibc

/// A socket address of the kernel in readable form.
public enum SocketAddress: Sendable, Equatable {
    case internet(host: String, port: UInt16)
    /// The path is empty for a sender without a bound address.
    case unix(path: String)

    /// Reads a `struct sockaddr`; nil for any other family.
    public init?(bytes: UnsafeRawBufferPointer) {
        // only an unbound unix socket has an empty address
        if bytes.isEmpty {
            self = .unix(path: "")
            return
        }
        guard bytes.count >= 2 else { return nil }
        let family = Int32(bytes.loadUnaligned(as: sa_family_t.self))
        switch family {
        case AF_INET where bytes.count >= MemoryLayout<sockaddr_in>.size:
            self = .internet(
                host: SocketAddress.text(family, bytes, offset: 4, length: Int(INET_ADDRSTRLEN)),
                port: UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: 2, as: UInt16.self)))
        case AF_INET6 where bytes.count >= MemoryLayout<sockaddr_in6>.size:
            self = .internet(
                host: SocketAddress.text(family, bytes, offset: 8, length: Int(INET6_ADDRSTRLEN)),
                port: UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: 2, as: UInt16.self)))
        case AF_UNIX:
            self = .unix(path: String(decoding: bytes.dropFirst(2).prefix { $0 != 0 }, as: UTF8.self))
        default: return nil
        }
    }

    public var description: String {
        switch self {
        case .internet(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): path.isEmpty ? "unix socket" : "unix:\(path)"
        }
    }

    private static func text(_ family: Int32, _ bytes: UnsafeRawBufferPointer, offset: Int, length: Int) -> String {
        var buffer = [UInt8](repeating: 0, count: length)
        buffer.withUnsafeMutableBytes { target in
            _ = inet_ntop(
                family, bytes.baseAddress?.advanced(by: offset),
                target.baseAddress?.assumingMemoryBound(to: CChar.self), socklen_t(length))
        }
        return String(decoding: buffer.prefix { $0 != 0 }, as: UTF8.self)
    }
}
