import CDatagram
import Glibc
import Synchronization

/// A bound datagram socket, closed with its owner.
public final class DatagramSocket: Sendable {
    public let descriptor: Int32
    /// The bound address; if port 0 was requested, with the port that the kernel chose.
    public let address: ListenAddress
    /// Whether this process must remove the socket's file.
    private let ownsPath: Atomic<Bool>

    /// Binds some sockets to one UDP address. The kernel distributes senders among them (`socket(7)`, SO_REUSEPORT), so
    /// that several threads can take more than one thread could. A unix address has one socket.
    ///
    /// - Parameter count: at least 1.
    /// - Throws: `ListenError.cannotListen`, also if another program uses the address, shared or not.
    public static func sockets(at address: ListenAddress, count: Int) throws(ListenError) -> [DatagramSocket] {
        guard case .udp(let host, _) = address, count > 1 else { return [try DatagramSocket(address)] }
        // a socket that does not share is refused if another program has the address, even a shared one
        let first = try DatagramSocket(address)
        guard case .udp(_, let port) = first.address else { return [first] }
        setOption(SO_REUSEPORT, of: first.descriptor)
        var sockets = [first]
        while sockets.count < count {
            let descriptor = try bindInternet(host: host, port: port, SOCK_DGRAM, address, sharesPort: true)
            sockets.append(DatagramSocket(descriptor: descriptor, address: first.address, ownsPath: false))
        }
        return sockets
    }

    /// Binds a new socket.
    ///
    /// - Throws: `ListenError.cannotListen`.
    public convenience init(_ address: ListenAddress) throws(ListenError) {
        switch address {
        case .udp(let host, let port):
            let descriptor = try bindInternet(host: host, port: port, SOCK_DGRAM, address)
            self.init(
                descriptor: descriptor, address: DatagramSocket.localAddress(descriptor) ?? address, ownsPath: false)
        case .unixDatagram(let path):
            let descriptor = try DatagramSocket.bindUnix(path: path, address)
            self.init(descriptor: descriptor, address: address, ownsPath: true)
        case .tcp, .tls: throw .cannotListen("\(address.description): not an address for datagrams")
        }
    }

    /// Uses a socket that the service manager bound; nil if it is not a UDP or unix datagram socket.
    public convenience init?(inherited descriptor: Int32) {
        var kind: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &kind, &size) == 0,
            kind == Int32(SOCK_DGRAM.rawValue), let address = DatagramSocket.localAddress(descriptor)
        else { return nil }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        self.init(descriptor: descriptor, address: address, ownsPath: false)
    }

    private init(descriptor: Int32, address: ListenAddress, ownsPath: Bool) {
        self.descriptor = descriptor
        self.address = address
        self.ownsPath = Atomic(ownsPath)
        if case .unixDatagram = address { _ = datagram_pass_credentials(descriptor) }
    }

    deinit {
        removePath()
        close(descriptor)
    }

    /// Removes the socket's file, if it is this process's, so that senders use the next receiver's.
    ///
    /// To be called before the program ends, because `deinit` is not called then.
    public func removePath() {
        guard case .unixDatagram(let path) = address, ownsPath.exchange(false, ordering: .relaxed) else { return }
        unlink(path)
    }

    /// Asks the kernel for a receive buffer of at least `bytes`. A larger one is kept: a service manager may have made
    /// it, by a right that this process lacks.
    ///
    /// - Returns: the buffer's size now, bytes.
    public func raiseReceiveBuffer(to bytes: Int) -> Int { Int(datagram_raise_receive_buffer(descriptor, bytes)) }

    /// Whether datagrams may wait in the kernel for a moment. In a small buffer they would be dropped, and senders to a
    /// unix socket would block.
    package var canGather: Bool {
        guard case .udp = address else { return false }
        var bytes: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &bytes, &size) == 0
            && bytes >= DatagramSocket.gatheringBytes
    }

    /// The kernel's size, with its own bookkeeping: some 1,900 messages.
    private static let gatheringBytes: Int32 = 4 << 20

    /// Datagrams that the kernel dropped since the socket was made, because its buffer was full.
    public var kernelDrops: UInt64 { UInt64(max(0, datagram_kernel_drops(descriptor))) }

    /// The kernel's number of this socket, unique while the machine runs, in any process; 0 if there is none.
    public var cookie: UInt64 { datagram_cookie(descriptor) }

    private static func bindUnix(path: String, _ address: ListenAddress) throws(ListenError) -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | closeOnExec, 0)
        guard descriptor >= 0 else { throw failure("socket", address) }
        var name = unixAddress(path)
        if isAbandoned(path) { unlink(path) }
        let bound = withUnsafePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard bound == 0 else {
            let error = failure("bind", address)
            close(descriptor)
            throw error
        }
        // every user's processes send to it
        chmod(path, 0o666)
        return descriptor
    }

    /// Whether `path` is a socket that no process receives on, as a killed daemon leaves it.
    private static func isAbandoned(_ path: String) -> Bool {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else { return false }
        let probe = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | closeOnExec, 0)
        guard probe >= 0 else { return false }
        defer { close(probe) }
        var name = unixAddress(path)
        let connected = withUnsafePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(probe, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        return connected != 0 && errno == ECONNREFUSED
    }

    private static func unixAddress(_ path: String) -> sockaddr_un {
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: path.utf8.prefix(107)) }
        return name
    }

    private static func localAddress(_ descriptor: Int32) -> ListenAddress? {
        switch SocketAddress(ofSocket: descriptor) {
        case .internet(let host, let port): .udp(host: host, port: port)
        case .unix(let path): .unixDatagram(path: path)
        case nil: nil
        }
    }

    private static let closeOnExec = Int32(SOCK_CLOEXEC.rawValue)

    private static func failure(_ call: String, _ address: ListenAddress) -> ListenError {
        .cannotListen("\(address.description): \(call): \(String(cString: strerror(errno)))")
    }
}
