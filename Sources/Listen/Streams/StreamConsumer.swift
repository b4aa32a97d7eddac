import Sockets

/// The taker of messages from streams. The thread that reads the streams calls it.
public protocol StreamConsumer: AnyObject {
    /// Takes a message. If it is not `isWhole`, the stream's end ended it, and more than the end of its line may be
    /// missing.
    func take(_ message: UnsafeRawBufferPointer, from peer: StreamPeer, isWhole: Bool)
    /// Counts bytes that are not a message.
    func reject(_ fault: StreamFault, _ beginning: UnsafeRawBufferPointer, from peer: StreamPeer)
    /// Puts all messages taken so far into safety. While this is false the streams are not read, and the call is
    /// repeated: senders wait, and nothing is lost.
    func flush() -> Bool
    /// Gives up, because the stop cannot wait any longer for `flush`: messages taken before and after are lost.
    func abandon()
    /// Notes that the last abandoned message was taken.
    func concludeAbandoned()
    /// Forgets the messages since the last `flush` that succeeded: the next process will take them again.
    func withdraw()
    func connectionsChanged(by change: Int)
    /// Counts a connection that the server did not accept, or ended.
    func refused(_ reason: ConnectionRefusal, _ peer: StreamPeer, why: String)
}

/// The other end of a connection.
public struct StreamPeer: Sendable, Equatable {
    public enum Transport: String, Sendable, CaseIterable {
        case tcp
        case tls
    }

    public let transport: Transport
    /// `192.0.2.7:40000`, for people.
    public let address: String
    /// Of what is limited by the origin.
    public let source: NetworkSource
    /// Whether it has shown a certificate that the configured authorities vouch for.
    public var isCertified = false
    /// The name in that certificate: the common name of its subject, else its first DNS name. Nil without a good
    /// certificate, and for one without a name.
    public var relay: String?

    package init(
        transport: Transport, address: String, host: String, isCertified: Bool = false, relay: String? = nil
    ) {
        self.transport = transport
        self.address = address
        source = NetworkSource(host: host)
        self.isCertified = isCertified
        self.relay = relay
    }
}

/// Why the server did not accept a connection, or ended it; the raw values name counters.
public enum ConnectionRefusal: String, Error, CaseIterable {
    /// A newcomer found no place, or took that of a connection that had said nothing.
    case tooMany = "too_many"
    case tooManyOfAddress = "too_many_of_address"
    /// The process's remaining descriptors are in reserve.
    case noDescriptors = "no_descriptors"
    case handshakeFailed = "handshake_failed"
    case handshakeTimeout = "handshake_timeout"
    /// The certificate is good, and none of its names may connect.
    case notPermitted = "not_permitted"
    /// The certificate has ended or was withdrawn while the connection stood.
    case certificateWithdrawn = "certificate_withdrawn"
    case firstMessageTimeout = "first_message_timeout"
    case messageTimeout = "message_timeout"
    case idleTimeout = "idle_timeout"
    case badFrame = "bad_frame"
    /// The service manager kept the connection, and not the bytes that were read of it.
    case unknownState = "unknown_state"
}

extension ConnectionRefusal {
    /// Whether the connection has come to nothing, which gets its source a penalty.
    var isFailure: Bool {
        switch self {
        case .handshakeFailed, .handshakeTimeout, .firstMessageTimeout, .badFrame: true
        case .tooMany, .tooManyOfAddress, .noDescriptors, .notPermitted, .certificateWithdrawn, .messageTimeout,
            .idleTimeout, .unknownState:
            false
        }
    }
}
