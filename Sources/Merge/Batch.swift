import Record

/// What a stretch of the journal adds to the store; all of it is written in one transaction, with the position up to
/// which the stretch goes.
public struct Batch: Sendable {
    /// Runs in the order in which they were first seen, one for each key.
    public var runs: [RunDelta] = []
    /// What records claim of their jobs; one for each job, newest claims only.
    public var jobs: [JobClaim] = []
    public var canaries: [CanarySighting] = []
    /// Snapshots of living processes: new or newer ones, and the identities of those whose final record came.
    public var snapshots: [Snapshot] = []
    public var endedSnapshots: [RecordID] = []
    /// Parts that wait for their siblings, and the identities of records that wait no longer.
    public var heldParts: [HeldPart] = []
    public var releasedParts: [RecordID] = []
    /// Records that the store would not take before.
    public var quarantined: [QuarantinedRecord] = []
    /// What the batch adds to the counters, without `stored` and `merged` of `runs`, which only the store can tell.
    public var counters = IngestCounters()
    /// The newest time of arrival in the batch, microseconds since 1970 UTC.
    public var lastArrival: Int64 = 0
    /// Messages that the batch accounts for.
    public var messages = 0

    public init() {}

    public var isEmpty: Bool {
        messages == 0 && counters.isEmpty && runs.isEmpty && releasedParts.isEmpty && endedSnapshots.isEmpty
            && quarantined.isEmpty
    }

    mutating func reset() {
        runs.removeAll(keepingCapacity: true)
        jobs.removeAll(keepingCapacity: true)
        canaries.removeAll(keepingCapacity: true)
        snapshots.removeAll(keepingCapacity: true)
        endedSnapshots.removeAll(keepingCapacity: true)
        heldParts.removeAll(keepingCapacity: true)
        releasedParts.removeAll(keepingCapacity: true)
        quarantined.removeAll(keepingCapacity: true)
        counters.reset()
        lastArrival = 0
        messages = 0
    }
}

/// What makes processes one run. All but the day and the flags are symbols of the vocabulary.
public struct RunKey: Hashable, Sendable {
    /// Days since 1970-01-01 UTC.
    public var day: Int32
    public var cluster: Int32
    /// 0 outside a job. The number of the job, of whichever of its jobs: on one day there is only one.
    public var job: Int32
    public var step: Int32
    public var user: Int32
    public var executable: Int32
    public var program: Int32
    public var stack: Int32
    public var environment: Int32
    /// Those by which questions part usage: compute node or not, staff or not.
    public var flags: RunFlags

    public func hash(into hasher: inout Hasher) {
        // ten numbers side by side, taken in at once
        withUnsafeBytes(of: self) { hasher.combine(bytes: $0) }
    }
}

/// What a batch adds to one run.
public struct RunDelta: Sendable {
    public let key: RunKey
    public let id: RunID
    /// The job's symbol in the vocabulary; that of its number unless the number has come round again.
    public let job: Int32
    public let environment: Int32
    /// That of the run's first process; a later process of the run may differ, as in who vouches for the user.
    public let host: Int32
    /// 0 outside a job or if unknown; else 1 + floor(log2(nodes)).
    public let sizeClass: Int32
    public let flags: RunFlags
    public var processes: Int64 = 0
    /// Processes that said which MPI rank they are.
    public var ranks: Int64 = 0
    public var exceptions: Int64 = 0
    public var signals: Int64 = 0
    public var killed: Int64 = 0
    /// The earliest and the latest record's time, microseconds since 1970 UTC.
    public var firstSeen: Int64
    public var lastSeen: Int64
    /// When the first of the processes started, microseconds since 1970 UTC.
    public var started: Int64
}

/// Sorts runs by day and job, so that new ones come to lie together at the end of an index: 2 bytes day since 1970, 6 bytes
/// the number at the head of the job id, 8 bytes hash of the whole key's texts.
public struct RunID: Hashable, Sendable, Comparable {
    public let high: UInt64
    public let low: UInt64

    public init(day: Int32, jobNumber: UInt64, hash: UInt64) {
        high = UInt64(UInt16(clamping: day)) << 48 | min(jobNumber, RunID.greatestJobNumber)
        low = hash
    }

    private static let greatestJobNumber: UInt64 = 1 << 48 - 1

    /// The number that a job's id begins with, as far as a key has room for it; 0 where there is none, or none that 64 bits hold.
    public static func jobNumber(_ jobID: UnsafeRawBufferPointer) -> UInt64 {
        var number: UInt64 = 0
        for digit in jobID.lazy.map({ $0 &- UInt8(ascii: "0") }).prefix(while: { $0 < 10 }) {
            let (tens, tooLarge) = number.multipliedReportingOverflow(by: 10)
            let (sum, overflows) = tens.addingReportingOverflow(UInt64(digit))
            if tooLarge || overflows { return 0 }
            number = sum
        }
        return min(number, greatestJobNumber)
    }

    public static func < (left: RunID, right: RunID) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }
}

public struct RunFlags: OptionSet, Hashable, Sendable {
    public let rawValue: Int32

    public init(rawValue: Int32) { self.rawValue = rawValue }

    public static let compute = RunFlags(rawValue: 1)
    public static let staff = RunFlags(rawValue: 2)
    /// The kernel or a trusted relay vouches for the user.
    public static let vouched = RunFlags(rawValue: 4)
}

/// What records say of their job. Numbers are nil and symbols 0 where they say nothing.
public struct JobClaim: Hashable, Sendable {
    public let job: Int32
    /// The days on which records have told of it; nil for a claim that is made of nothing.
    public var span: JobSpan?
    public var user: Int32 = 0
    public var account: Int32 = 0
    public var qos: Int32 = 0
    public var partition: Int32 = 0
    private var nodes = Claimed()
    private var tasks = Claimed()
    private var arrayJob = Claimed()
    private var arrayTask = Claimed()
    private var group = Claimed()

    /// Claims nothing.
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

    /// A number as `Wire` accepts it, from 0 to that of 31 bits, or none: of hundreds of thousands of jobs there are five each.
    private struct Claimed: Hashable, Sendable {
        private var stored: Int32 = -1

        var value: Int64? {
            get { stored < 0 ? nil : Int64(stored) }
            set { stored = newValue.map { Int32(clamping: $0) } ?? -1 }
        }
    }
}

/// A canary's record.
public struct CanarySighting: Sendable, Equatable {
    public let run: String
    public let sequence: Int64
    public let of: Int64
    /// Microseconds since 1970 UTC.
    public let arrival: Int64
}

/// What a living process has imported so far.
public struct Snapshot: Sendable, Equatable {
    /// After that many days without a newer one it is stale, and is dropped: sweeps renew those of living processes.
    public static let lifetimeDays: Int64 = 7

    public let id: RecordID
    public let arrival: Int64
    /// The journal entry that carries it.
    public let entry: [UInt8]
}

/// A part of a record whose other parts have not all come, as the journal entry that carries it.
public struct HeldPart: Sendable, Equatable {
    public let id: RecordID
    public let part: Int64
    public let entry: [UInt8]
}

/// What the store refused, and why: kept beside everything else, so that nothing is held up and nothing is lost.
public struct QuarantinedRecord: Sendable, Equatable {
    public enum Content: Sendable, Equatable {
        /// A journal entry, at this place.
        case entry(sequence: UInt64, bytes: [UInt8])
        /// The parts of this record that the store holds.
        case heldParts(RecordID)
    }

    public let content: Content
    /// What the store said.
    public let reason: String
    /// Microseconds since 1970 UTC.
    public let noticed: Int64

    public init(_ content: Content, reason: String, noticed: Int64) {
        self.content = content
        self.reason = reason
        self.noticed = noticed
    }
}
