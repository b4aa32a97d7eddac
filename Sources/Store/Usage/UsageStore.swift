import Merge
import Record

/// Where usage is kept. A store is used by one thread, which may block.
public protocol UsageStore: AnyObject {
    /// Connects if need be and brings the tables to this program's version, under a lock that other daemons respect.
    func migrate() throws(StoreError)

    /// Takes up a source of records: a daemon's journal, or an archive that is imported.
    ///
    /// - Parameters:
    ///   - identity: the same for the same journal or archive, for ever.
    ///   - incarnation: nil where there can be no copies.
    /// - Returns: how far the store has it, and what it holds of it unfinished.
    /// - Throws: `StoreError.positionMoved` if a copy of the source has been here since.
    func open(
        source identity: String, kind: SourceKind, host: String, incarnation: Incarnation?
    ) throws(StoreError) -> SourceState

    /// Writes a batch and the position that it reaches, in one transaction: both or none.
    ///
    /// A call that failed may be repeated: if the earlier one did commit, nothing happens.
    /// - Returns: what the batch's runs came to.
    /// - Throws: `StoreError.setBack` if the store does not have any more what lies before the batch.
    func commit(
        _ batch: Batch, vocabulary: Vocabulary, from: SourcePosition, to: SourcePosition
    ) throws(StoreError) -> CommitOutcome

    /// How far the store has the source on disk, whatever becomes of its machine; nil before that is known.
    ///
    /// A commit need not wait for the disk, for whoever has a journal can commit again what a crash takes back:
    /// `StoreError.setBack` tells of it.
    var safePosition: SourcePosition? { get }

    /// Notes how much the source has received in all, for `customs health`.
    func beat(_ heartbeat: Heartbeat) throws(StoreError)
}

extension UsageStore {
    public func open(source identity: String, kind: SourceKind, host: String) throws(StoreError) -> SourceState {
        try open(source: identity, kind: kind, host: host, incarnation: nil)
    }
}

/// Tells a source from its copies (a cloned machine, a restored backup), which have its identity: they change apart, and a
/// position of the one says nothing of the other. Whoever opens a source makes it his, and nobody else's any more.
public struct Incarnation: Sendable, Equatable {
    /// By what this one is known from now on.
    public let own: String
    /// By what it was known before; nil where that is not known, so that any will do.
    public let known: [String]?

    public init(own: String, known: [String]?) {
        self.own = own
        self.known = known
    }
}

public enum SourceKind: String, Sendable {
    case daemon
    /// An archive of records.
    case archive
}

/// How far a source is stored.
public struct SourcePosition: Sendable, Equatable {
    /// The number of the next entry.
    public var sequence: UInt64
    /// Messages received up to there.
    public var tally: UInt64

    public init(sequence: UInt64, tally: UInt64) {
        self.sequence = sequence
        self.tally = tally
    }
}

public struct SourceState: Sendable {
    /// nil for a source never seen before.
    public let position: SourcePosition?
    /// The entries of parts that wait for their siblings.
    public let heldParts: [[UInt8]]
    /// The identities of the snapshots of living processes.
    public let snapshots: [RecordID]

    public init(position: SourcePosition?, heldParts: [[UInt8]], snapshots: [RecordID]) {
        self.position = position
        self.heldParts = heldParts
        self.snapshots = snapshots
    }
}

public enum CommitOutcome: Sendable, Equatable {
    /// Runs that are new, and records that went into runs that were known.
    case committed(stored: UInt64, merged: UInt64)
    /// An earlier call had committed it.
    case alreadyCommitted
}

/// What a source says of itself now and then. Times in microseconds since 1970 UTC.
public struct Heartbeat: Sendable, Equatable {
    /// Messages received in all.
    public var received: UInt64
    public var now: Int64
    /// The arrival of the oldest message that is not in the store; nil if there is none.
    public var oldestPending: Int64?

    public init(received: UInt64, now: Int64, oldestPending: Int64?) {
        self.received = received
        self.now = now
        self.oldestPending = oldestPending
    }
}
