import NIOCore
import NIOSSL
import NIOTLS

/// One connection over TLS: keeps the bytes of a message that is not whole, and hands on those that are.
final class TLSConnection: ChannelInboundHandler, ChannelOutboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer

    private let loop: TLSLoop
    private(set) var peer: StreamPeer
    /// Whom the bound on connections of an address counts.
    let host: String
    private var context: ChannelHandlerContext?
    private var framing = StreamFraming()
    private var bytes = ByteBuffer()
    /// The channel asked to read while it might not.
    private var wantsToRead = false
    private var hasEnded = false
    /// Whether TLS is agreed upon.
    private var isReady = false
    private var times = StreamTimes()

    init(loop: TLSLoop, address: NIOCore.SocketAddress?) {
        self.loop = loop
        host = address?.ipAddress ?? ""
        let port = address?.port ?? 0
        peer = StreamPeer(
            transport: .tls, address: host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)")
    }

    /// - Throws: `ConnectionRefusal`.
    func admit() throws {
        guard let refusal = loop.admit(self) else { return }
        loop.consumer.refused(refusal, peer, why: "")
        throw refusal
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        // a channel may end before it has become active
        end()
        self.context = nil
    }

    func read(context: ChannelHandlerContext) {
        if loop.mayRead {
            context.read()
        } else {
            wantsToRead = true
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var received = unwrapInboundIn(data)
        times.noteBytes()
        if bytes.readableBytes == 0 { bytes = received } else { bytes.writeBuffer(&received) }
        // not only when there is no more to read: until then a kill would take what has been read
        process()
        loop.flush()
    }

    func channelInactive(context: ChannelHandlerContext) { end() }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted? = event as? TLSUserEvent {
            isReady = true
            times.noteBytes()
            let handler = try? context.pipeline.syncOperations.handler(type: NIOSSLServerHandler.self)
            peer.isCertified = handler?.peerCertificate != nil
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // after the handshake an error is the connection's end, and what came before it counts
        if !isReady { loop.consumer.refused(.handshakeFailed, peer, why: "\(error)") }
        context.close(promise: nil)
    }

    /// Goes on after the journal had no room.
    func resume() {
        times.begin()
        if hasEnded { return finish() }
        process()
        loop.flush()
        if wantsToRead, loop.mayRead {
            wantsToRead = false
            context?.read()
        }
    }

    /// Ends the connection if one of its times is over.
    func expire(now: NIODeadline, limits: StreamLimits) {
        if hasEnded { return }
        if !isReady {
            if times.isQuiet(now, for: .seconds(Int64(limits.handshakeSeconds))) { refuse(.handshakeTimeout) }
        } else if let reason = times.overdue(now, limits) {
            refuse(reason)
        }
    }

    /// Ends the connection if nothing has come for a while.
    func closeIfQuiet(now: NIODeadline, for time: TimeAmount) {
        if !hasEnded, times.isQuiet(now, for: time) { context?.close(promise: nil) }
    }

    /// Hands on what has been read, though it is lost.
    func abandon() {
        deliverWholeMessages()
        deliverRemainder()
    }

    private func refuse(_ reason: ConnectionRefusal) {
        loop.consumer.refused(reason, peer, why: "")
        context?.close(promise: nil)
    }

    private func end() {
        if hasEnded { return }
        hasEnded = true
        // what it has sent must wait as long as the journal has no room, even though the sender is gone
        if !loop.isBlocked { finish() }
    }

    private func finish() {
        process()
        deliverRemainder()
        loop.remove(self)
        loop.flush()
    }

    private func deliverRemainder() {
        bytes.withUnsafeReadableBytes { framing.deliverRemainder($0, from: peer, to: loop.consumer) }
        bytes.clear()
    }

    private func process() {
        if loop.isBlocked { return }
        let found = deliverWholeMessages()
        if bytes.readableBytes == 0 { bytes.clear() } else { bytes.discardReadBytes() }
        times.noteMessages(
            hasEndedMessage: found.hasMessages, isWithinMessage: bytes.readableBytes > 0 || framing.isWithinMessage)
        if found.isBroken { refuse(.badFrame) }
    }

    @discardableResult
    private func deliverWholeMessages() -> StreamFraming.Found {
        bytes.readWithUnsafeReadableBytes { all in
            let found = framing.deliver(all, from: peer, to: loop.consumer)
            return (found.done, found)
        }
    }
}
