/// Errors between the daemon and its store. Each case tells whether another attempt can help.
public enum StoreError: Error, Sendable, CustomStringConvertible {
    /// The store cannot be reached, or the connection broke: the same call may succeed later.
    case unavailable(String)
    /// The store was busy (a lock, a deadlock, a full disk): the same call may succeed soon.
    case busy(String)
    /// The store refuses a value or a row: the same call will fail again, but one without that record may succeed.
    case unacceptable(String)
    /// The store refuses the statement, whatever its data (a permission, a missing table): the same call will fail
    /// until an administrator has repaired the store.
    case refused(String)
    /// The tables have another version than this program, or are missing, or the database is not usable.
    case schema(String)
    /// Another process moved this source's position: two daemons use the same journal's identity.
    case positionMoved(String)
    /// The store has lost committed data: it crashed, or was restored. The source still has the lost part.
    case setBack(String)
    /// A store URL that cannot be understood.
    case badLocation(String)

    /// Whether the same call may succeed later.
    public var canRetry: Bool {
        switch self {
        case .unavailable, .busy, .refused: true
        case .unacceptable, .schema, .positionMoved, .setBack, .badLocation: false
        }
    }

    /// Whether the same call may succeed later on a store that was good before: an administrator may be at work on it.
    public var canPass: Bool {
        switch self {
        case .schema, .badLocation: true
        case .unacceptable, .positionMoved, .setBack: false
        case .unavailable, .busy, .refused: canRetry
        }
    }

    /// Whether the error stays until an administrator acts.
    public var needsSomebody: Bool {
        switch self {
        case .unavailable, .busy: false
        case .unacceptable, .refused, .schema, .positionMoved, .setBack, .badLocation: true
        }
    }

    /// Whether the connection is unusable, or may have lost prepared statements.
    public var needsNewConnection: Bool {
        switch self {
        case .unavailable, .refused, .schema, .badLocation: true
        case .busy, .unacceptable, .positionMoved, .setBack: false
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
