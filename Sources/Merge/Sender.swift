import Record

/// The sender that a record costs: limits are per sender, so that one does not pay for another's records.
///
/// What a record itself says of its sender does not count here, because an unproven sender can say anything.
enum Sender: Hashable, Sendable, CustomStringConvertible {
    /// A user of this machine, named by the kernel.
    case user(UInt32)
    /// A relay, by the name in its certificate; nil if it has none.
    case relay(RelayName?)
    /// All who prove nothing, together: what a record or an address says can be made up. Only the budget of new names
    /// tells their networks apart, so that one that floods leaves the others theirs.
    case unproven

    init(_ envelope: Envelope) {
        switch envelope.identity {
        case .kernel: self = .user(envelope.uid ?? 0)
        case .relay: self = .relay(envelope.relay)
        case .claimed: self = .unproven
        }
    }

    var description: String {
        switch self {
        case .user(let uid): "uid \(uid)"
        case .relay(let name): "relay \(name?.text ?? "")"
        case .unproven: "unproven"
        }
    }

    /// Whether it may stand for many users and hosts, and has a larger share for that: relays do, root, by whom relays
    /// and sweeps run, and all who prove nothing.
    var isMany: Bool {
        switch self {
        case .relay, .unproven: true
        case .user(let uid): uid == 0
        }
    }
}
