import CDatagram
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// Receives over TLS, on one thread for all connections.
///
/// What has been read of a connection is this process's alone, and so are its keys: it ends with the process.
final class TLSReceiver: Sendable {
    private struct Running {
        let group: MultiThreadedEventLoopGroup
        let loop: NIOLoopBound<TLSLoop>
        let listeners: [any Channel]
    }

    private let sockets: [StreamSocket]
    private let admission: StreamAdmission
    /// Connections that stand keep what they began with.
    private let tls: Mutex<TLSServer>
    private let running = Mutex<Running?>(nil)

    init(_ sockets: [StreamSocket], admission: StreamAdmission, tls: TLSServer) {
        self.sockets = sockets
        self.admission = admission
        self.tls = Mutex(tls)
    }

    /// Lets connections in from now on.
    ///
    /// - Parameter makeConsumer: called on the receiver's thread, where alone the consumer is used.
    /// - Throws: `ListenError.cannotListen`.
    func start(_ makeConsumer: @escaping @Sendable () -> any StreamConsumer) throws(ListenError) {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let eventLoop = group.next()
        do {
            let loop = try eventLoop.submit {
                // what a connection holds in the kernel ends with this process: it is to be read at once
                datagram_take_short_turns()
                let loop = TLSLoop(
                    eventLoop: eventLoop.assumeIsolated(), consumer: makeConsumer(), admission: self.admission)
                loop.watchTimes()
                return NIOLoopBound(loop, eventLoop: eventLoop)
            }.wait()
            let listeners = try sockets.map { try self.listen(on: $0, group, loop).wait() }
            running.withLock { $0 = Running(group: group, loop: loop, listeners: listeners) }
        } catch {
            throw .cannotListen("a TLS socket: \(error)")
        }
    }

    /// For connections to come.
    func reload(_ tls: TLSServer) { self.tls.withLock { $0 = tls } }

    /// Lets nobody in any more, takes what senders have sent, and ends. Blocks.
    func stop() {
        guard
            let running = running.withLock({ state in
                defer { state = nil }
                return state
            })
        else { return }
        for listener in running.listeners { try? listener.close().wait() }
        let eventLoop = running.group.next()
        let ended = eventLoop.makePromise(of: Void.self)
        eventLoop.execute { running.loop.value.stop(ended, patience: .seconds(5)) }
        try? ended.futureResult.wait()
        try? running.group.syncShutdownGracefully()
    }

    private func listen(
        on socket: StreamSocket, _ group: MultiThreadedEventLoopGroup, _ loop: NIOLoopBound<TLSLoop>
    ) -> EventLoopFuture<any Channel> {
        ServerBootstrap(group: group)
            .childChannelOption(.socketOption(.so_keepalive), value: 1)
            // it has that of the socket that listens, which may be far larger
            .childChannelOption(.socketOption(.so_rcvbuf), value: SocketOptionValue(StreamSocket.bufferBytes))
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let connection = TLSConnection(loop: loop.value, address: channel.remoteAddress)
                    // before TLS is there, which would keep the descriptor while it takes its leave
                    try connection.admit()
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(NIOSSLServerHandler(context: self.tls.withLock { $0.context }))
                    try pipeline.addHandler(connection)
                }
            }
            .withBoundSocket(socket.descriptor)
    }
}
