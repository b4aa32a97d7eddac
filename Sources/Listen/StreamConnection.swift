import NIOCore
import NIOSSL
import NIOTLS

/// One connection: keeps the bytes of a message that is not whole, and hands on those that are.
final class StreamConnection: ChannelInboundHandler, ChannelOutboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer

    private let loop: StreamLoop
    private(set) var peer: StreamPeer
    /// Whom the bound on connections of an address counts.
    let host: String
    private var context: ChannelHandlerContext?
    private var framing = StreamFraming()
    private var bytes = ByteBuffer()
    /// The channel asked to read while it might not.
    private var wantsToRead = false
    private var isAdmitted = false
    private var hasEnded = false
    private var isReady: Bool
    private var lastBytes = NIODeadline.now()
    private var messageBegan: NIODeadline?

    init(loop: StreamLoop, transport: StreamPeer.Transport, address: NIOCore.SocketAddress?) {
        self.loop = loop
        host = address?.ipAddress ?? ""
        let port = address?.port ?? 0
        peer = StreamPeer(
            transport: transport, address: host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)")
        isReady = transport == .tcp
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelActive(context: ChannelHandlerContext) {
        if let refusal = loop.admit(self) {
            loop.consumer.refused(refusal, peer, why: "")
            return context.close(promise: nil)
        }
        isAdmitted = true
        context.fireChannelActive()
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
        lastBytes = .now()
        if bytes.readableBytes == 0 { bytes = received } else { bytes.writeBuffer(&received) }
        // not only when there is no more to read: until then a kill would take what has been read
        process()
        loop.flush()
    }

    func channelInactive(context: ChannelHandlerContext) {
        guard isAdmitted, !hasEnded else { return }
        hasEnded = true
        // what it has sent must wait as long as the journal has no room, even though the sender is gone
        if !loop.isBlocked { finish() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted? = event as? TLSUserEvent {
            isReady = true
            lastBytes = .now()
            let handler = try? context.pipeline.syncOperations.handler(type: NIOSSLServerHandler.self)
            peer.isCertified = handler?.peerCertificate != nil
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // after the handshake an error is the connection's end, and what came before it counts
        if !isReady, isAdmitted { loop.consumer.refused(.handshakeFailed, peer, why: "\(error)") }
        context.close(promise: nil)
    }

    /// Goes on after the journal had no room.
    func resume() {
        lastBytes = .now()
        if messageBegan != nil { messageBegan = lastBytes }
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
            if now - lastBytes > .seconds(Int64(limits.handshakeSeconds)) { refuse(.handshakeTimeout) }
        } else if let messageBegan, now - messageBegan > .seconds(Int64(limits.messageSeconds)) {
            refuse(.messageTimeout)
        } else if now - lastBytes > .seconds(Int64(limits.idleSeconds)) {
            refuse(.idleTimeout)
        }
    }

    /// Ends the connection if nothing has come for a while.
    func closeIfQuiet(now: NIODeadline, for time: TimeAmount) {
        if !hasEnded, now - lastBytes >= time { context?.close(promise: nil) }
    }

    /// Hands on what has been read, though it is lost.
    func abandon() {
        handOnWholeMessages()
        handOnRest()
    }

    private func refuse(_ reason: ConnectionRefusal) {
        loop.consumer.refused(reason, peer, why: "")
        context?.close(promise: nil)
    }

    private func finish() {
        process()
        handOnRest()
        loop.remove(self)
        loop.flush()
    }

    private func handOnRest() {
        bytes.withUnsafeReadableBytes { rest in
            switch framing.end(of: rest) {
            case .message(let range):
                loop.consumer.take(UnsafeRawBufferPointer(rebasing: rest[range]), from: peer, isWhole: false)
            case .fault(let fault): loop.consumer.reject(fault, rest, from: peer)
            case .needsMore: break
            }
        }
        bytes.clear()
    }

    private func process() {
        if loop.isBlocked { return }
        let (isNewMessage, isBroken) = handOnWholeMessages()
        if bytes.readableBytes == 0 { bytes.clear() } else { bytes.discardReadBytes() }
        if bytes.readableBytes > 0 || framing.isWithinMessage {
            if isNewMessage || messageBegan == nil { messageBegan = .now() }
        } else {
            messageBegan = nil
        }
        if isBroken { refuse(.badFrame) }
    }

    /// - Returns: whether there were any, and whether nobody knows where the next one would begin.
    @discardableResult
    private func handOnWholeMessages() -> (any: Bool, isBroken: Bool) {
        var isBroken = false
        var isNewMessage = false
        bytes.readWithUnsafeReadableBytes { all in
            var place = 0
            while true {
                let rest = UnsafeRawBufferPointer(rebasing: all[place...])
                let (step, done) = framing.next(in: rest)
                place += done
                switch step {
                case .message(let range):
                    loop.consumer.take(UnsafeRawBufferPointer(rebasing: rest[range]), from: peer, isWhole: true)
                    isNewMessage = true
                case .fault(let fault):
                    loop.consumer.reject(fault, rest, from: peer)
                    if fault == .badFrame { isBroken = true }
                case .needsMore: return place
                }
            }
        }
        return (isNewMessage, isBroken)
    }
}
