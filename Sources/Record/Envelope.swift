/// Data on a message that the daemon knows from other sources than its text: the time of arrival and the sender's
/// identity.
public struct Envelope: Sendable, Equatable {
    /// The time when the daemon received the message, in microseconds since 1970 UTC.
    public var arrival: Int64
    /// The time in the syslog header, in microseconds since 1970 UTC; nil without one.
    public var headerTime: Int64?
    public var identity: Identity
    /// The sender's user id and process id, as the kernel reports them; nil unless `identity` is `.kernel`.
    public var uid: UInt32?
    public var pid: UInt32?
    /// The relay's name; nil unless `identity` is `.relay`, and for a certificate without a name.
    public var relay: RelayName?
    /// The network that the message came from, as a number that two senders of one share: an IPv4 address, or a /64 of
    /// IPv6. Nil unless `identity` is `.claimed`, and for messages that came by no network. It proves nothing.
    public var source: UInt64?

    public init(
        arrival: Int64, headerTime: Int64? = nil, identity: Identity = .claimed, uid: UInt32? = nil, pid: UInt32? = nil,
        relay: RelayName? = nil, source: UInt64? = nil
    ) {
        self.arrival = arrival
        self.headerTime = headerTime
        self.identity = identity
        self.uid = uid
        self.pid = pid
        self.relay = relay
        self.source = source
    }
}

/// The authority that vouches for the user name in a record.
public enum Identity: UInt8, Sendable, CaseIterable {
    /// None: any host can send a UDP datagram with any content.
    case claimed = 0
    /// The kernel of this host, by SCM_CREDENTIALS (`unix(7)`).
    case kernel = 1
    /// A relay with a certificate that the site trusts.
    case relay = 2

    public var name: String {
        switch self {
        case .claimed: "claimed"
        case .kernel: "kernel"
        case .relay: "relay"
        }
    }
}
