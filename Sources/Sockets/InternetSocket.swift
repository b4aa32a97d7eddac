import Glibc

/// Binds a socket to a host's address and port; a name may be looked up, at start only.
///
/// - Parameter sharesPort: whether other sockets that share the port may bind it too.
package func bindInternet(
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
package func setOption(_ option: Int32, level: Int32 = SOL_SOCKET, of descriptor: Int32, to value: Int32 = 1) {
    var value = value
    setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
}

extension SocketAddress {
    /// The address to which a socket is bound.
    package init?(ofSocket descriptor: Int32) {
        self.init { getsockname(descriptor, $0, $1) }
    }

    /// The address of a connection's other end.
    package init?(ofPeer descriptor: Int32) {
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
