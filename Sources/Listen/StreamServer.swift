import CDatagram
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// Receives on TCP and TLS sockets, on one thread for all connections.
///
/// Unlike datagrams, a stream can be held back: while the consumer has no room nothing is read, the kernel's buffers fill,
/// and senders wait. Memory is bounded by the number of connections and what the kernel holds of each.
public final class StreamServer: Sendable {
    /// What may change while it runs; connections that stand keep the TLS that they began with.
    private struct Settings {
        var limits: StreamLimits
        var tls: TLSServer?
    }

    private struct Running {
        let group: MultiThreadedEventLoopGroup
        let loop: NIOLoopBound<StreamLoop>
        let listeners: [any Channel]
    }

    public let sockets: [StreamSocket]
    private let settings: Mutex<Settings>
    private let running = Mutex<Running?>(nil)

    /// - Parameter tls: needed where a socket's address is `tls`.
    public init(_ sockets: [StreamSocket], limits: StreamLimits, tls: TLSServer?) {
        self.sockets = sockets
        settings = Mutex(Settings(limits: limits, tls: tls))
    }

    /// Lets connections in from now on.
    ///
    /// - Parameter makeConsumer: called on the server's thread, where alone the consumer is used.
    /// - Throws: `ListenError.cannotListen`.
    public func start(_ makeConsumer: @escaping @Sendable () -> any StreamConsumer) throws(ListenError) {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let eventLoop = group.next()
        do {
            let loop = try eventLoop.submit {
                // what a connection holds in the kernel ends with this process: it is to be read at once
                datagram_take_short_turns()
                let loop = StreamLoop(
                    eventLoop: eventLoop.assumeIsolated(), consumer: makeConsumer(),
                    limits: { self.settings.withLock { $0.limits } })
                loop.watchTimes()
                return NIOLoopBound(loop, eventLoop: eventLoop)
            }.wait()
            let listeners = try sockets.map { try self.listen(on: $0, group, loop).wait() }
            running.withLock { $0 = Running(group: group, loop: loop, listeners: listeners) }
        } catch {
            throw .cannotListen("a stream socket: \(error)")
        }
    }

    /// For connections to come.
    public func reload(limits: StreamLimits, tls: TLSServer?) {
        settings.withLock { $0 = Settings(limits: limits, tls: tls ?? $0.tls) }
    }

    /// Lets nobody in any more, takes what senders have sent, and ends. Blocks.
    public func stop() {
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
        on socket: StreamSocket, _ group: MultiThreadedEventLoopGroup, _ loop: NIOLoopBound<StreamLoop>
    ) -> EventLoopFuture<any Channel> {
        let transport: StreamPeer.Transport = socket.address.isTLS ? .tls : .tcp
        return ServerBootstrap(group: group)
            .childChannelOption(.socketOption(.so_keepalive), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if transport == .tls {
                        guard let tls = self.settings.withLock({ $0.tls }) else {
                            throw ChannelError.operationUnsupported
                        }
                        try pipeline.addHandler(NIOSSLServerHandler(context: tls.context))
                    }
                    try pipeline.addHandler(
                        StreamConnection(loop: loop.value, transport: transport, address: channel.remoteAddress))
                }
            }
            .withBoundSocket(socket.descriptor)
    }
}
