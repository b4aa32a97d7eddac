import Checksum
import Merge
import Record

/// The store of usage. One thread uses a store, which may block.
public protocol UsageStore: AnyObject {
    /// Connects if necessary and brings the tables to this program's version, under a lock that other daemons respect.
    func migrate() throws(StoreError)

    /// Opens a source of records: a daemon's journal, or an archive that is imported.
    ///
    /// - Parameters:
    ///   - identity: always the same for the same journal or archive.
    ///   - formerly: the identity that stores of version 1 have for it; nil if there is no other one.
    ///   - incarnation: nil if there can be no copies.
    /// - Returns: the position of the source in the store, and its unfinished records.
    /// - Throws: `StoreError.positionMoved` if a copy of the source has written since.
    func open(
        source identity: String, formerly: String?, kind: SourceKind, host: String, incarnation: Incarnation?
    ) throws(StoreError) -> SourceState

    /// The key of all fingerprints in the store, for identities that must not be forged.
    func fingerprintKey() throws(StoreError) -> SipHash.Key

    /// The newest names of each kind that the store has.
    func storedNames() throws(StoreError) -> StoredNames

    /// The key of the store's canaries.
    func canaryKey() throws(StoreError) -> CanaryKey

    /// How often a fingerprint has turned out to be another thing's; for metrics.
    var fingerprintConflicts: UInt64 { get }

    /// Writes a batch and its position, in one transaction: both or none.
    ///
    /// A call that failed may be repeated: if the earlier one did commit, nothing happens.
    /// - Returns: the number of new and of merged records.
    /// - Throws: `StoreError.setBack` if the store has lost data from before the batch.
    func commit(
        _ batch: Batch, vocabulary: Vocabulary, from: SourcePosition, to: SourcePosition
    ) throws(StoreError) -> CommitOutcome

    /// The position of the source on the store's disk, which survives a crash; nil before it is known.
    ///
    /// A commit need not wait for the disk, because a journal can repeat a commit that a crash undid:
    /// `StoreError.setBack` tells of it.
    var safePosition: SourcePosition? { get }

    /// Adds the records of hosts by day. A call that is repeated because its outcome is unknown may count twice.
    func add(_ hosts: [HostDay]) throws(StoreError)

    /// Counts the hosts; nil if the store has counted none.
    ///
    /// - Parameter today: days since 1970-01-01 UTC.
    func hostCounts(today: Int) throws(StoreError) -> HostCounts?

    /// Notes the number of messages that the source has received, for `customs health`.
    func beat(_ heartbeat: Heartbeat) throws(StoreError)
}

extension UsageStore {
    public func open(
        source identity: String, kind: SourceKind, host: String, incarnation: Incarnation? = nil
    ) throws(StoreError) -> SourceState {
        try open(source: identity, formerly: nil, kind: kind, host: host, incarnation: incarnation)
    }
}

/// Tells a source from its copies (a cloned machine, a restored backup), which have its identity but different content,
/// so that positions of one do not hold for the other. Opening a source claims it; any other copy is refused from then
/// on.
public struct Incarnation: Sendable, Equatable {
    /// The name of this one from now on.
    public let own: String
    /// The names before; nil if unknown, so that any is accepted.
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

/// The part of a source that is stored.
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
    /// The entries of parts that wait for the other parts.
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
    /// The number of new runs, and of records that went into known runs.
    case committed(stored: UInt64, merged: UInt64)
    /// An earlier call had committed the batch.
    case alreadyCommitted
}

/// A source's regular report on itself. Times in microseconds since 1970 UTC.
public struct Heartbeat: Sendable, Equatable {
    /// The number of messages received in all.
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
