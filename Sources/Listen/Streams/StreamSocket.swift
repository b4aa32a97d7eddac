import CDatagram
import Glibc

/// A bound and listening TCP socket, which `StreamServer` takes over.
public struct StreamSocket: Sendable {
    public let descriptor: Int32
    /// The bound address; if port 0 was asked for, with the port that the kernel chose.
    public let address: ListenAddress

    /// Bytes that the kernel may hold of one connection before its sender must wait. With the limit of connections
    /// this bounds memory.
    static let bufferBytes: Int32 = 65_536
    private static let backlog: Int32 = 1_024

    /// Binds a new socket to a `tcp` or `tls` address.
    ///
    /// - Throws: `ListenError.cannotListen`.
    public init(_ address: ListenAddress) throws(ListenError) {
        guard let (host, port) = address.streamEnd else {
            throw .cannotListen("\(address.description): not an address for streams")
        }
        descriptor = try bindInternet(host: host, port: port, SOCK_STREAM, address)
        let chosen = SocketAddress(ofSocket: descriptor)
        if case .internet(let host, let port)? = chosen {
            self.address = address.isTLS ? .tls(host: host, port: port) : .tcp(host: host, port: port)
        } else {
            self.address = address
        }
        do throws(ListenError) { try prepare() } catch {
            close(descriptor)
            throw error
        }
    }

    /// Uses a socket that the service manager bound; nil if it is not a TCP socket.
    ///
    /// - Parameter isTLS: whether an address is one for TLS.
    public init?(inherited descriptor: Int32, isTLS: (ListenAddress) -> Bool) {
        var kind: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &kind, &size) == 0,
            kind == Int32(SOCK_STREAM.rawValue),
            case .internet(let host, let port)? = SocketAddress(ofSocket: descriptor)
        else { return nil }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        self.descriptor = descriptor
        let secure = ListenAddress.tls(host: host, port: port)
        address = isTLS(secure) ? secure : .tcp(host: host, port: port)
        do throws(ListenError) { try prepare() } catch { return nil }
    }

    private func prepare() throws(ListenError) {
        // a larger buffer from the service manager stays; accepted connections get their own size
        datagram_raise_receive_buffer(descriptor, Int(StreamSocket.bufferBytes))
        guard listen(descriptor, StreamSocket.backlog) == 0 else {
            throw .cannotListen("\(address.description): listen: \(String(cString: strerror(errno)))")
        }
    }
}

/// Binds a socket to a host's address and port; a name may be looked up, at start only.
///
/// - Parameter sharesPort: whether other sockets that share the port may bind it too.
func bindInternet(
    host: String, port: UInt16, _ kind: __socket_type, _ address: ListenAddress, sharesPort: Bool = false
) throws(ListenError) -> Int32 {
    var hints = addrinfo()
    hints.ai_socktype = Int32(kind.rawValue)
    hints.ai_flags = AI_PASSIVE
    var found: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(host, String(port), &hints, &found)
    guard code == 0, let info = found else {
        throw .cannotListen("\(address.description): \(String(cString: gai_strerror(code)))")
    }
    defer { freeaddrinfo(found) }
    let descriptor = socket(info.pointee.ai_family, Int32(kind.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else {
        throw .cannotListen("\(address.description): socket: \(String(cString: strerror(errno)))")
    }
    if kind == SOCK_STREAM {
        // connections of the previous daemon may linger
        setOption(SO_REUSEADDR, of: descriptor)
    }
    if sharesPort { setOption(SO_REUSEPORT, of: descriptor) }
    guard bind(descriptor, info.pointee.ai_addr, info.pointee.ai_addrlen) == 0 else {
        let why = String(cString: strerror(errno))
        close(descriptor)
        throw .cannotListen("\(address.description): bind: \(why)")
    }
    return descriptor
}

/// Sets an option of a socket; 1 switches an option on.
///
/// - Parameter level: the socket or a protocol (`setsockopt(2)`).
func setOption(_ option: Int32, level: Int32 = SOL_SOCKET, of descriptor: Int32, to value: Int32 = 1) {
    var value = value
    setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
}

extension SocketAddress {
    /// The address to which a socket is bound.
    init?(ofSocket descriptor: Int32) {
        self.init { getsockname(descriptor, $0, $1) }
    }

    /// The address of a connection's other end.
    init?(ofPeer descriptor: Int32) {
        self.init { getpeername(descriptor, $0, $1) }
    }

    private init?(_ ask: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32) {
        var storage = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let known = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { ask($0, &size) }
        }
        guard known == 0 else { return nil }
        let address = withUnsafeBytes(of: &storage) {
            SocketAddress(bytes: UnsafeRawBufferPointer(rebasing: $0[..<Int(size)]))
        }
        guard let address else { return nil }
        self = address
    }
}
