/// Takes what arrives on streams; the thread that reads them calls it.
public protocol StreamConsumer: AnyObject {
    /// A message. One that is not `isWhole` was ended by the stream's end, and may lack more than the end of its line.
    func take(_ message: UnsafeRawBufferPointer, from peer: StreamPeer, isWhole: Bool)
    func reject(_ fault: StreamFault, _ beginning: UnsafeRawBufferPointer, from peer: StreamPeer)
    /// Puts what was taken into safety. While this is false nothing more is read, and it is asked again: senders wait, and
    /// nothing is lost.
    func flush() -> Bool
    /// The stop cannot wait any longer for `flush`: what was taken, and what is taken from now on, is lost.
    func abandon()
    /// Nothing comes after what was abandoned.
    func concludeAbandoned()
    /// What was taken since the last `flush` that succeeded is as if it had never been: others will be given it.
    func withdraw()
    func connectionsChanged(by change: Int)
    /// A connection that was not let in, or was ended from this side.
    func refused(_ reason: ConnectionRefusal, _ peer: StreamPeer, why: String)
}

/// Who is at the other end of a connection.
public struct StreamPeer: Sendable, Equatable {
    public enum Transport: String, Sendable, CaseIterable {
        case tcp
        case tls
    }

    public let transport: Transport
    /// `192.0.2.7:40000`, for people.
    public let address: String
    /// Whether it has shown a certificate that the configured authorities vouch for.
    public var isCertified = false

    package init(transport: Transport, address: String, isCertified: Bool = false) {
        self.transport = transport
        self.address = address
        self.isCertified = isCertified
    }
}

/// Why a connection was not let in, or was ended from this side; the raw values name counters.
public enum ConnectionRefusal: String, Error, CaseIterable {
    case tooMany = "too_many"
    case tooManyOfAddress = "too_many_of_address"
    /// The rest of the process's descriptors is in reserve.
    case noDescriptors = "no_descriptors"
    case handshakeFailed = "handshake_failed"
    case handshakeTimeout = "handshake_timeout"
    case messageTimeout = "message_timeout"
    case idleTimeout = "idle_timeout"
    case badFrame = "bad_frame"
    /// It was kept for this process, and what was read of it was not.
    case unknownState = "unknown_state"
}
