import Glibc
import Listen
import Sockets
import Synchronization
import Testing

/// A stream server at work on a thread of its own, over TCP and TLS, and what its consumers were told.
final class StreamReception: Sendable {
    struct State {
        var messages: [String] = []
        /// The sender of each message.
        var peers: [StreamPeer] = []
        var faults: [StreamFault] = []
        var refusals: [ConnectionRefusal] = []
        var reasons: [String] = []
        var connections = 0
        var hasEnded = false
    }

    private let server: StreamServer
    private let state = Mutex(State())
    let tcp: ListenAddress
    let tls: ListenAddress

    /// - Parameter clients: whether certificates of clients are checked; the good one is the server's own.
    init(_ limits: StreamLimits = .generous, clients: TLSServer.ClientCertificates = .none) throws {
        let pem = SamplePEM()
        let sockets = [
            try StreamSocket(.tcp(host: "127.0.0.1", port: 0)), try StreamSocket(.tls(host: "127.0.0.1", port: 0)),
        ]
        (tcp, tls) = (sockets[0].address, sockets[1].address)
        server = try StreamServer(
            sockets, kept: KeptStreams(), limits: limits,
            tls: TLSServer(
                certificate: pem.file("certificate.pem", SamplePEM.certificate),
                key: pem.file("key.pem", SamplePEM.key),
                clientAuthorities: clients == .none ? nil : pem.file("authority.pem", SamplePEM.certificate),
                clientCertificates: clients))
        try server.start(
            { _ in Recorder(self) },
            onThread: { body in
                startThread {
                    body()
                    self.note { $0.hasEnded = true }
                }
            }, onFailure: { Issue.record("\($0)") })
    }

    var told: State { state.withLock { $0 } }

    fileprivate func note(_ change: (inout State) -> Void) { state.withLock { change(&$0) } }

    /// Stops the server and waits until its thread has ended; false if it does not.
    func stop() -> Bool {
        server.stop()
        return eventually { self.told.hasEnded }
    }
}

extension StreamLimits {
    static let generous = StreamLimits(
        connections: 10, certifiedConnections: 10, connectionsPerSource: 10, idleSeconds: 60,
        uncertifiedIdleSeconds: 60, firstMessageSeconds: 60, messageSeconds: 60, handshakeSeconds: 60)
}

/// Notes what it is told.
private final class Recorder: StreamConsumer {
    private let reception: StreamReception

    init(_ reception: StreamReception) { self.reception = reception }

    func take(_ message: UnsafeRawBufferPointer, from peer: StreamPeer, isWhole: Bool) {
        reception.note {
            $0.messages.append(String(decoding: message, as: UTF8.self))
            $0.peers.append(peer)
        }
    }
    func reject(_ fault: StreamFault, _ beginning: UnsafeRawBufferPointer, from peer: StreamPeer) {
        reception.note { $0.faults.append(fault) }
    }
    func flush() -> Bool { true }
    func abandon() {}
    func concludeAbandoned() {}
    func withdraw() {}
    func connectionsChanged(by change: Int) { reception.note { $0.connections += change } }
    func refused(_ reason: ConnectionRefusal, _ peer: StreamPeer, why: String) {
        reception.note {
            $0.refusals.append(reason)
            $0.reasons.append(why)
        }
    }
}

/// A connection to a stream server, byte by byte.
final class StreamClient {
    private let descriptor: Int32

    /// - Parameter source: an address of loopback.
    init(to address: ListenAddress, from source: String = "127.0.0.1") throws {
        let (host, port) = try #require(address.streamEnd)
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        try #require(StreamClient.call(bind, descriptor, source, 0) == 0)
        try #require(StreamClient.call(connect, descriptor, host, port) == 0)
        // a server that does not end the connection must not hang the test
        var timeout = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    private static func call(
        _ function: (Int32, UnsafePointer<sockaddr>?, socklen_t) -> Int32, _ descriptor: Int32, _ host: String,
        _ port: UInt16
    ) -> Int32 {
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = port.bigEndian
        guard inet_pton(AF_INET, host, &name.sin_addr) == 1 else { return -1 }
        return withUnsafePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                function(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) -> Bool {
        Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
    }

    /// Whether the other end ends the connection; what it sends before that is passed over.
    func isEnded() -> Bool {
        var bytes = [UInt8](repeating: 0, count: 4_096)
        while true {
            let count = recv(descriptor, &bytes, bytes.count, 0)
            if count <= 0 { return count == 0 || errno == ECONNRESET }
        }
    }
}

private func startThread(_ body: @escaping @Sendable () -> Void) {
    final class Work: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    var thread = pthread_t()
    let code = pthread_create(
        &thread, nil,
        { argument in
            if let argument { Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().body() }
            return nil
        }, Unmanaged.passRetained(Work(body)).toOpaque())
    guard code == 0 else { fatalError("cannot start a thread") }
    pthread_detach(thread)
}
