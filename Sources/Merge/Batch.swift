import Record

/// The additions of a stretch of the journal to the store. All of them are written in one transaction, with the
/// position at the stretch's end.
public struct Batch: Sendable {
    /// Runs in the order in which they were first seen, one for each key.
    public var runs: [RunDelta] = []
    /// The claims of records on their jobs: one for each job, the newest only.
    public var jobs: [JobClaim] = []
    public private(set) var canaries: [CanarySighting] = []
    /// Snapshots of living processes: new or newer ones, and the identities of those whose final record has arrived.
    public private(set) var snapshots: [Snapshot] = []
    public var endedSnapshots: [RecordID] = []
    /// Parts that wait for the other parts, and the identities of records that no longer wait.
    public var heldParts: [HeldPart] { held.values.flatMap { $0 } }
    public var releasedParts: [RecordID] = []
    /// Records that the store has refused.
    public var quarantined: [QuarantinedRecord] = []
    /// The batch's additions to the counters, without `stored` and `merged` of `runs`, which only the store can tell.
    public var counters = IngestCounters()
    /// The newest time of arrival in the batch, microseconds since 1970 UTC.
    public var lastArrival: Int64 = 0
    /// Messages that the batch accounts for.
    public var messages = 0
    /// The bytes of journal entries that the batch holds.
    public private(set) var entryBytes = 0
    private var held: [RecordID: [HeldPart]] = [:]
    private var snapshotPlaces: [RecordID: Int] = [:]
    private var canaryMarks: Set<CanarySighting.Mark> = []

    public init() {}

    mutating func hold(_ part: HeldPart) {
        held[part.id, default: []].append(part)
        entryBytes += part.entry.count
    }

    /// Takes back the parts of a record that has become whole.
    mutating func letGo(_ id: RecordID) {
        for part in held.removeValue(forKey: id) ?? [] { entryBytes -= part.entry.count }
    }

    /// Takes a canary's record; false if the batch has it already.
    mutating func note(_ canary: CanarySighting) -> Bool {
        guard canaryMarks.insert(canary.mark).inserted else { return false }
        canaries.append(canary)
        return true
    }

    /// Takes a snapshot in the place of an earlier one of the same process.
    mutating func note(_ snapshot: Snapshot) {
        entryBytes += snapshot.entry.count
        guard let place = snapshotPlaces[snapshot.id] else {
            snapshotPlaces[snapshot.id] = snapshots.count
            return snapshots.append(snapshot)
        }
        entryBytes -= snapshots[place].entry.count
        snapshots[place] = snapshot
    }

    public var isEmpty: Bool {
        messages == 0 && counters.isEmpty && runs.isEmpty && releasedParts.isEmpty && endedSnapshots.isEmpty
            && quarantined.isEmpty
    }

    mutating func reset() {
        runs.removeAll(keepingCapacity: true)
        jobs.removeAll(keepingCapacity: true)
        canaries.removeAll(keepingCapacity: true)
        canaryMarks.removeAll(keepingCapacity: true)
        snapshots.removeAll(keepingCapacity: true)
        endedSnapshots.removeAll(keepingCapacity: true)
        held.removeAll(keepingCapacity: true)
        snapshotPlaces.removeAll(keepingCapacity: true)
        entryBytes = 0
        releasedParts.removeAll(keepingCapacity: true)
        quarantined.removeAll(keepingCapacity: true)
        counters.reset()
        lastArrival = 0
        messages = 0
    }
}

/// The key of a run: processes with equal keys are one run. All but the day and the flags are symbols of the
/// vocabulary.
public struct RunKey: Hashable, Sendable {
    /// Days since 1970-01-01 UTC.
    public var day: Int32
    public var cluster: Int32
    /// 0 outside a job. The job number, whichever of the number's jobs it is: on one day there is only one.
    public var job: Int32
    public var step: Int32
    public var user: Int32
    public var executable: Int32
    public var program: Int32
    public var stack: Int32
    public var environment: Int32
    /// The relay that vouches for the user; 0 for none, or one without a name.
    public var relay: Int32
    /// Compute node or not, staff or not, vouched for or not.
    public var flags: RunFlags

    public func hash(into hasher: inout Hasher) {
        // eleven numbers side by side, hashed by one call
        withUnsafeBytes(of: self) { hasher.combine(bytes: $0) }
    }
}

/// The additions of a batch to one run.
public struct RunDelta: Sendable {
    public let key: RunKey
    /// The job's symbol in the vocabulary; that of its number unless the number was reused.
    public let job: Int32
    public let environment: Int32
    /// The host of the run's first process; a later process may differ.
    public let host: Int32
    /// 0 outside a job or if unknown; else 1 + floor(log2(nodes)).
    public let sizeClass: Int32
    public var processes: Int64 = 0
    /// The number of processes that reported an MPI rank.
    public var ranks: Int64 = 0
    public var exceptions: Int64 = 0
    public var signals: Int64 = 0
    public var killed: Int64 = 0
    /// The earliest and the latest record's time, microseconds since 1970 UTC.
    public var firstSeen: Int64
    public var lastSeen: Int64
    /// The start of the earliest process, microseconds since 1970 UTC.
    public var started: Int64
}

public struct RunFlags: OptionSet, Hashable, Sendable {
    public let rawValue: Int32

    public init(rawValue: Int32) { self.rawValue = rawValue }

    public static let compute = RunFlags(rawValue: 1)
    public static let staff = RunFlags(rawValue: 2)
    /// The kernel or a trusted relay vouches for the user.
    public static let vouched = RunFlags(rawValue: 4)
}

/// The claims of records on their job. Numbers are nil and symbols 0 if the records have no value.
public struct JobClaim: Hashable, Sendable {
    public let job: Int32
    /// The days of records of the job; nil for a claim without records.
    public var span: JobSpan?
    /// Whether the kernel or a relay vouches for the users of the records that claim this.
    public var isVouched = false
    public var user: Int32 = 0
    public var account: Int32 = 0
    public var qos: Int32 = 0
    public var partition: Int32 = 0
    private var nodes = Claimed()
    private var tasks = Claimed()
    private var arrayJob = Claimed()
    private var arrayTask = Claimed()
    private var group = Claimed()

    /// An empty claim.
    public init(job: Int32) { self.job = job }

    public var numNodes: Int64? {
        get { nodes.value }
        set { nodes.value = newValue }
    }

    public var numTasks: Int64? {
        get { tasks.value }
        set { tasks.value = newValue }
    }

    public var arrayJobID: Int64? {
        get { arrayJob.value }
        set { arrayJob.value = newValue }
    }

    public var arrayTaskID: Int64? {
        get { arrayTask.value }
        set { arrayTask.value = newValue }
    }

    public var hetGroup: Int64? {
        get { group.value }
        set { group.value = newValue }
    }

    /// A number as `Wire` accepts it, 0 to 2^31 - 1, or none. It is small because hundreds of thousands of jobs have
    /// five each.
    private struct Claimed: Hashable, Sendable {
        private var stored: Int32 = -1

        var value: Int64? {
            get { stored < 0 ? nil : Int64(stored) }
            set { stored = newValue.map { Int32(clamping: $0) } ?? -1 }
        }
    }
}

/// The packages that a living process has imported so far.
public struct Snapshot: Sendable, Equatable {
    /// The age in days at which a snapshot is dropped: sweeps renew the snapshots of living processes.
    public static let lifetimeDays: Int64 = 7

    public let id: RecordID
    public let arrival: Int64
    /// The journal entry that carries it.
    public let entry: [UInt8]
}

/// A part of a record whose other parts have not all arrived, as the journal entry that carries it.
public struct HeldPart: Sendable, Equatable {
    public let id: RecordID
    public let part: Int64
    public let entry: [UInt8]
}

/// A record that the store refused, with the reason. It is kept apart, so that it delays no other record and is not
/// lost.
public struct QuarantinedRecord: Sendable, Equatable {
    public enum Content: Sendable, Equatable {
        /// A journal entry with its number.
        case entry(sequence: UInt64, bytes: [UInt8])
        /// The parts of this record that the store holds.
        case heldParts(RecordID)
    }

    public let content: Content
    /// The store's error message.
    public let reason: String
    /// Microseconds since 1970 UTC.
    public let noticed: Int64

    public init(_ content: Content, reason: String, noticed: Int64) {
        self.content = content
        self.reason = reason
        self.noticed = noticed
    }
}
