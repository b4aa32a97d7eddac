/// What the daemon itself knows of a message, beside what the message says: when and how it came, and from whom.
public struct Envelope: Sendable, Equatable {
    /// When the daemon received it, in microseconds since 1970 UTC.
    public var arrival: Int64
    /// The time in the syslog header, in microseconds since 1970 UTC; nil where there is none.
    public var headerTime: Int64?
    public var identity: Identity
    /// The sender's user id and process id by the kernel's word; nil unless `identity` is `.kernel`.
    public var uid: UInt32?
    public var pid: UInt32?

    public init(
        arrival: Int64, headerTime: Int64? = nil, identity: Identity = .claimed, uid: UInt32? = nil, pid: UInt32? = nil
    ) {
        self.arrival = arrival
        self.headerTime = headerTime
        self.identity = identity
        self.uid = uid
        self.pid = pid
    }
}

/// Who vouches for the name in a record.
public enum Identity: UInt8, Sendable, CaseIterable {
    /// Nobody: anyone can send a UDP datagram that says anything.
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
