/// The purpose of a connection, which decides the settings of its session.
public enum ConnectionUse: Sendable {
    /// Writes batches of usage.
    case usage
    /// Writes few rows at a time: facts of jobs, canaries.
    case ledger
    /// Tells heartbeats while the connection that writes usage hangs; it waits for 2 s at most.
    case heartbeat
    /// Makes room for months to come and packs days.
    case packing
    /// Changes stored data by statements over whole tables.
    case maintenance
    /// Reads only.
    case reading

    /// Whether a database file that is missing is made.
    var createsFile: Bool {
        switch self {
        case .usage, .ledger, .heartbeat: true
        case .packing, .maintenance, .reading: false
        }
    }
}
