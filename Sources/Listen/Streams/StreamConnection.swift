import CDatagram
import CStream
import Glibc
import Sockets

/// One connection over TCP, with TLS or without.
final class StreamConnection {
    /// The result of one read.
    struct Read {
        /// The number of bytes.
        var count = 0
        /// Whether there may be more to read now.
        var hasMore = false
        /// Whether no more bytes will come.
        var hasEnded = false
    }

    let descriptor: Int32
    private(set) var peer: StreamPeer
    /// The kernel's number of the connection (`socket(7)`, SO_COOKIE).
    let cookie: UInt64
    let place: StreamPlace
    let consumer: any StreamConsumer
    /// The number of bytes that have been read.
    private(set) var position: UInt64
    /// The service manager's name for the connection; nil if it is not kept.
    var keptName: String?
    /// Whether all that the other end sends has arrived.
    var isLast = false
    /// Whether the connection waits for its turn.
    var hasTurn = false
    private(set) var times = StreamTimes()
    private var framing: StreamFraming
    /// Nil for a connection without TLS, and until the first bytes of a handshake have arrived.
    private(set) var session: TLSSession?
    /// Whether the TLS handshake is complete; true without TLS.
    private(set) var isEstablished: Bool
    /// Whether it has sent a whole message.
    private(set) var hasSpoken = false
    /// When the certificate is to be checked again: at its end, and after a minute in any case, because an authority or
    /// a list of revoked certificates may end earlier.
    private(set) var certificateCheck = StreamTimes.Instant.now

    /// Makes a connection without read bytes.
    init(
        _ descriptor: Int32, _ peer: StreamPeer, cookie: UInt64, place: StreamPlace,
        consumer: any StreamConsumer
    ) {
        self.descriptor = descriptor
        self.peer = peer
        self.cookie = cookie
        self.place = place
        self.consumer = consumer
        isEstablished = peer.transport == .tcp
        position = 0
        framing = StreamFraming()
    }

    /// Makes a connection without TLS that a previous process has read.
    init(
        _ kept: KeptConnection, cookie: UInt64, place: StreamPlace, position: UInt64,
        behind passed: StreamFraming.PassedOver, consumer: any StreamConsumer
    ) {
        descriptor = kept.descriptor
        peer = StreamPeer(transport: .tcp, of: SocketAddress(ofPeer: descriptor))
        self.cookie = cookie
        self.place = place
        self.position = position
        self.consumer = consumer
        keptName = kept.name
        framing = StreamFraming(behind: passed)
        isEstablished = true
        // its first message may have been read by the previous process
        hasSpoken = position > 0
    }

    /// The part of the next bytes that is skipped.
    var passedOver: StreamFraming.PassedOver { framing.passedOver }

    /// What it has shown so far, for its place.
    var standing: StreamPools.Standing {
        if !isEstablished { return session == nil ? .knocking : .shakingHands }
        if peer.isCertified { return .certified }
        return hasSpoken ? .speaking : .silent
    }

    /// The names in a good certificate; empty without one.
    var relayNames: [String] { peer.isCertified ? session?.peerNames ?? [] : [] }

    /// Whether it has sent bytes that were not read yet.
    var hasArrived: Bool {
        var count: Int32 = 0
        return stream_unread(descriptor, &count) == 0 && count > 0
    }

    /// Continues the handshake; done without TLS.
    ///
    /// - Parameter open: begins TLS on a descriptor; it is called when the first bytes have arrived, so that a silent
    ///   connection costs no memory of OpenSSL's.
    func shakeHands(_ open: (Int32) -> TLSSession?) -> TLSSession.Step {
        if isEstablished { return .done }
        if session == nil {
            if !hasArrived { return isLast ? .ended : .waits }
            session = open(descriptor)
        }
        guard let session else { return .failed("there is no memory for TLS") }
        let step = session.shakeHands()
        if step == .done {
            isEstablished = true
            peer.isCertified = session.isCertified
            if peer.isCertified { peer.relay = relayNames.first }
            times.begin()
            scheduleCertificateCheck(.now)
        }
        return step
    }

    /// Reads the bytes that have arrived, without waiting.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> Read {
        let read: Read
        if let session {
            let (count, step) = session.read(into: buffer)
            // a failure is the connection's end, and messages before it count
            read = Read(count: count, hasMore: step == .hasMore, hasEnded: step != .hasMore && step != .waits)
        } else {
            read = receive(into: buffer)
        }
        if read.count > 0 {
            position += UInt64(read.count)
            times.noteBytes()
        }
        return read
    }

    private func receive(into buffer: UnsafeMutableRawBufferPointer) -> Read {
        while true {
            let count = recv(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
            if count > 0 {
                let hasMore = count == buffer.count
                return Read(count: count, hasMore: hasMore, hasEnded: isLast && !hasMore)
            }
            if count < 0 && errno == EINTR { continue }
            return Read(hasEnded: count == 0 || errno != EAGAIN || isLast)
        }
    }

    /// Delivers the whole messages.
    func deliver(_ bytes: UnsafeRawBufferPointer) -> StreamFraming.Found {
        let found = framing.deliver(bytes, from: peer, to: consumer)
        if found.hasMessages { hasSpoken = true }
        times.noteMessages(
            hasEndedMessage: found.hasMessages,
            isWithinMessage: found.done < bytes.count || framing.isWithinMessage)
        return found
    }

    /// Delivers the unfinished bytes when the connection ended.
    func deliverRemainder(_ rest: UnsafeRawBufferPointer) {
        framing.deliverRemainder(rest, from: peer, to: consumer)
    }

    /// Restarts the times, because this side did not read.
    func waited() { times.begin() }

    /// The reason to end the connection, if a limit has passed.
    func overdue(_ now: StreamTimes.Instant, _ limits: StreamLimits) -> ConnectionRefusal? {
        if !isEstablished {
            return times.hasLasted(now, .seconds(limits.handshakeSeconds)) ? .handshakeTimeout : nil
        }
        var limits = limits
        if !peer.isCertified {
            if !hasSpoken && times.hasLasted(now, .seconds(limits.firstMessageSeconds)) { return .firstMessageTimeout }
            limits.idleSeconds = min(limits.idleSeconds, limits.uncertifiedIdleSeconds)
        }
        return times.overdue(now, limits)
    }

    /// Notes that the certificate is good.
    func scheduleCertificateCheck(_ now: StreamTimes.Instant) {
        let left = peer.isCertified ? session?.certificateSeconds ?? 0 : .max
        // a certificate is good in its last second, too
        certificateCheck = now + .seconds(left < 60 ? max(0, left) + 1 : 60)
    }

    /// Ends the connection for both sides, even if another process still has the descriptor.
    func end() {
        session?.sayGoodbye()
        shutdown(descriptor, Int32(SHUT_RDWR))
    }
}

extension StreamPeer {
    /// - Parameter address: nil for a connection that its sender broke: it has no address any more.
    init(transport: Transport, of address: SocketAddress?) {
        let host = if case .internet(let host, _)? = address { host } else { "" }
        self.init(transport: transport, address: address?.description ?? "a broken connection", host: host)
    }
}
