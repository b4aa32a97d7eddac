/// What can go wrong between the daemon and its store. Each case says whether trying again can help.
public enum StoreError: Error, Sendable, CustomStringConvertible {
    /// The store cannot be reached, or the connection broke: the same call may succeed later.
    case unavailable(String)
    /// The store is there and was busy (a lock, a deadlock, a full disk): the same call may succeed soon.
    case busy(String)
    /// The store refuses a value or a row: the same call will fail again, and one without that record may succeed.
    case unacceptable(String)
    /// The store refuses the statement, whatever its data; the same call will fail again.
    case refused(String)
    /// The tables are of another version than this program, or missing.
    case schema(String)
    /// Another process moved this source's position: two daemons share one journal's identity.
    case positionMoved(String)
    /// The store has forgotten what it had committed: it crashed, or was restored. What it has not, the source still holds.
    case setBack(String)
    /// A store URL that cannot be understood.
    case badLocation(String)

    public var canRetry: Bool {
        switch self {
        case .unavailable, .busy: true
        case .unacceptable, .refused, .schema, .positionMoved, .setBack, .badLocation: false
        }
    }

    public var description: String {
        switch self {
        case .unavailable(let why): "store unavailable: \(why)"
        case .busy(let why): "store busy: \(why)"
        case .unacceptable(let why): "store refused data: \(why)"
        case .refused(let why): "store refused: \(why)"
        case .schema(let why): "store schema: \(why)"
        case .positionMoved(let why): "store position: \(why)"
        case .setBack(let why): "store set back: \(why)"
        case .badLocation(let why): "store location: \(why)"
        }
    }
}
