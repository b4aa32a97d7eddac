import CDatagram
import CStream
import Glibc

/// One connection over TCP.
final class TCPConnection {
    let descriptor: Int32
    let peer: StreamPeer
    /// Whom the bound on connections of an address counts.
    let host: String
    /// The kernel's number of it.
    let cookie: UInt64
    let place: StreamPlace
    /// How many bytes have been read of it.
    private(set) var position: UInt64
    /// By what the service manager knows it; nil if it does not keep it.
    var keptName: String?
    /// All that the other end sends has arrived.
    var isLast = false
    /// It waits for its turn.
    var hasTurn = false
    private(set) var times = StreamTimes()
    private var framing: StreamFraming

    /// One that nothing has been read of.
    init(_ descriptor: Int32, _ address: SocketAddress?, cookie: UInt64, place: StreamPlace) {
        self.descriptor = descriptor
        host = address.hostText
        peer = StreamPeer(transport: .tcp, address: address.text)
        self.cookie = cookie
        self.place = place
        position = 0
        framing = StreamFraming()
    }

    /// One that a process before this one has read.
    init(
        _ kept: KeptConnection, cookie: UInt64, place: StreamPlace, position: UInt64,
        behind passed: StreamFraming.PassedOver
    ) {
        descriptor = kept.descriptor
        let address = SocketAddress(ofPeer: descriptor)
        host = address.hostText
        peer = StreamPeer(transport: .tcp, address: address.text)
        self.cookie = cookie
        self.place = place
        self.position = position
        keptName = kept.name
        framing = StreamFraming(behind: passed)
    }

    /// What is passed over of the bytes that come next.
    var passedOver: StreamFraming.PassedOver { framing.passedOver }

    /// Reads what has arrived, without waiting.
    ///
    /// - Returns: how many bytes are in `buffer`; nil if none are there and none will come.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int? {
        while true {
            let count = recv(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
            if count > 0 {
                position += UInt64(count)
                times.noteBytes()
                return count
            }
            if count < 0 && errno == EINTR { continue }
            return count < 0 && errno == EAGAIN ? 0 : nil
        }
    }

    /// Hands on what is whole.
    func deliver(_ bytes: UnsafeRawBufferPointer, to consumer: any StreamConsumer) -> StreamFraming.Found {
        let found = framing.deliver(bytes, from: peer, to: consumer)
        times.noteMessages(
            hasEndedMessage: found.hasMessages,
            isWithinMessage: found.done < bytes.count || framing.isWithinMessage)
        return found
    }

    func deliverRemainder(_ rest: UnsafeRawBufferPointer, to consumer: any StreamConsumer) {
        framing.deliverRemainder(rest, from: peer, to: consumer)
    }

    /// It was this side that did not read.
    func waited() { times.begin() }
}

extension SocketAddress? {
    var hostText: String {
        if case .internet(let host, _)? = self { host } else { "" }
    }

    /// One that its sender broke has no address any more.
    var text: String { self?.description ?? "a broken connection" }
}
