import CDatagram
import Glibc
import Sockets

/// A bound and listening TCP socket, which `StreamServer` takes over.
public struct StreamSocket: Sendable {
    public let descriptor: Int32
    /// The bound address; if port 0 was asked for, with the port that the kernel chose.
    public let address: ListenAddress

    /// Bytes that the kernel may hold of one connection before its sender must wait. With the limit of connections
    /// this bounds memory.
    static let bufferBytes: Int32 = 65_536
    /// Connections that the kernel may hold until they are accepted; it takes at most `net.core.somaxconn`. A crowd
    /// must not fill it, because a sender whose first packet is dropped tries again after a second.
    private static let backlog: Int32 = 65_535

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
