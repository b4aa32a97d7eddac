import Glibc
import Listen
import Sockets
import Synchronization
import TemporaryFolders
import Testing

/// A copy of one datagram's content.
struct Received: Sendable {
    let bytes: [UInt8]
    let isTruncated: Bool
    let uid: UInt32?
    let pid: UInt32?
    let sender: SocketAddress?

    var text: String { String(decoding: bytes, as: UTF8.self) }
}

/// A receiver at work on a thread of its own.
final class Reception: Sendable {
    private struct State {
        var received: [Received] = []
        var emptyBatches = 0
        var hasEnded = false
    }

    private let receiver: DatagramReceiver
    private let state = Mutex(State())

    var socket: DatagramSocket { receiver.socket }

    init(_ socket: DatagramSocket) { receiver = DatagramReceiver(socket) }

    /// Begins to receive.
    func start() {
        var thread = pthread_t()
        let work = Unmanaged.passRetained(self)
        let code = pthread_create(
            &thread, nil,
            { argument in
                if let argument { Unmanaged<Reception>.fromOpaque(argument).takeRetainedValue().run() }
                return nil
            }, work.toOpaque())
        guard code == 0 else { fatalError("cannot start a thread") }
        pthread_detach(thread)
    }

    private func run() {
        receiver.run { batch in
            let received = (0..<batch.count).map { index in
                let datagram = batch[index]
                return Received(
                    bytes: Array(datagram.bytes), isTruncated: datagram.isTruncated, uid: datagram.credentials?.uid,
                    pid: datagram.credentials?.pid, sender: SocketAddress(bytes: datagram.sender))
            }
            state.withLock {
                $0.received += received
                if received.isEmpty { $0.emptyBatches += 1 }
            }
        }
        state.withLock { $0.hasEnded = true }
    }

    var received: [Received] { state.withLock { $0.received } }
    var emptyBatches: Int { state.withLock { $0.emptyBatches } }

    /// Stops the receiver and waits until it has ended; false if it does not.
    func stop() -> Bool {
        receiver.stop()
        return eventually { self.state.withLock { $0.hasEnded } }
    }
}

extension DatagramSocket {
    /// Shrinks the buffer, which no program under test does.
    func shrinkReceiveBuffer(to bytes: Int32) {
        var bytes = bytes
        setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &bytes, socklen_t(MemoryLayout<Int32>.size))
    }
}

/// Waits up to 20 s for something to come true.
func eventually(_ condition: () -> Bool) -> Bool {
    for _ in 0..<4_000 {
        if condition() { return true }
        usleep(5_000)
    }
    return false
}

/// A socket that sends to one address.
final class Sender {
    let descriptor: Int32

    init(to address: ListenAddress) throws {
        let isUnix: Bool
        switch address {
        case .udp(let host, let port):
            isUnix = false
            var name = sockaddr_in()
            name.sin_family = sa_family_t(AF_INET)
            name.sin_port = port.bigEndian
            try #require(inet_pton(AF_INET, host, &name.sin_addr) == 1)
            descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
            try withUnsafePointer(to: &name) { try connect($0, MemoryLayout<sockaddr_in>.size) }
        case .unixDatagram(let path):
            isUnix = true
            var name = sockaddr_un()
            name.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: path.utf8) }
            descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
            try withUnsafePointer(to: &name) { try connect($0, MemoryLayout<sockaddr_un>.size) }
        case .tcp, .tls:
            throw ListenError.badAddress("\(address.description) takes no datagrams")
        }
        // a test must not hang on a receiver that takes nothing
        var timeout = timeval(tv_sec: isUnix ? 10 : 1, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    private func connect<Name>(_ name: UnsafePointer<Name>, _ size: Int) throws {
        let code = name.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            Glibc.connect(descriptor, $0, socklen_t(size))
        }
        try #require(code == 0)
    }

    func send(_ bytes: [UInt8]) -> Bool { Glibc.send(descriptor, bytes, bytes.count, 0) == bytes.count }

    func send(_ text: String) -> Bool { send(Array(text.utf8)) }
}

/// A path for a socket, in a folder that goes with its owner.
final class SocketPath {
    private let folder = TemporaryFolder("customs-listen")
    var path: String { folder.path + "/socket" }
    var address: ListenAddress { .unixDatagram(path: path) }
    var exists: Bool { access(path, F_OK) == 0 }
}
