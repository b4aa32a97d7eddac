/// The report of one Python process, as the wire record (version 1) carries it.
///
/// A value is made once and filled again for every datagram. Its text lies in one buffer that keeps its capacity,
/// unescaped, as valid UTF-8 without NUL; the fields are ranges of the buffer. So reading a record allocates nothing.
public struct UsageRecord: Sendable {
    /// The record's identity; zero for messages of the older form, which have none.
    public var id = RecordID(high: 0, low: 0)
    /// The time when the record was made, in microseconds since 1970 UTC; nil if the record has none.
    public var eventTime: Int64?
    /// Seconds since the interpreter started.
    public var elapsed: Double?
    public var pid: Int64?
    public var ppid: Int64?
    public var uid: Int64?
    public var arrayJobID: Int64?
    public var arrayTaskID: Int64?
    public var hetGroup: Int64?
    /// The number of times that Slurm has requeued the job.
    public var restart: Int64?
    public var numNodes: Int64?
    public var numTasks: Int64?
    /// The MPI rank in its job step.
    public var rank: Int64?
    public var isCompute: Bool?
    public var isShifter: Bool?
    public var isStaff: Bool?
    public var end: ProcessEnd?
    /// The packages in the order of the record. If a name occurs twice, the later one counts.
    public var packages: [PackageUse] = []
    /// The packages that the user's own code imported; meaningful only if `directIsKnown`.
    public var direct: [TextRange] = []
    public var directIsKnown = false
    public var canary: CanaryMark?
    /// This datagram's place among the parts of a record too long for one datagram, from 1; both are nil for a whole
    /// record.
    public var part: Int64?
    public var parts: Int64?
    /// True for a message of the older form: one package a message, no identity.
    public var isLegacy = false
    /// The number of keys of the record that this version does not know.
    public var unknownKeys = 0
    /// The unescaped text that all ranges point into. Bytes outside of the ranges have no meaning.
    public var text: [UInt8] = []
    private var ranges = [TextRange](repeating: .absent, count: TextField.allCases.count)

    public init() {
        text.reserveCapacity(16_384)
        packages.reserveCapacity(256)
        direct.reserveCapacity(256)
    }

    /// The range of a text field; absent if the record lacks it or says null.
    public subscript(field: TextField) -> TextRange {
        @inline(__always) get { ranges[field.rawValue] }
        @inline(__always) set { ranges[field.rawValue] = newValue }
    }

    /// The longest life of a process that is accepted, seconds: 366 days. A longer one means that the clock was set or
    /// stopped.
    public static let longestLife: Double = 366 * 86_400
    /// The largest number of nodes of a job that is accepted: six times the nodes of the largest machine (158,976,
    /// Fugaku). With `longestLife` it limits the node time that one record can claim.
    public static let mostNodes: Int64 = 1_000_000

    /// The largest number of packages that a record may name, all its parts together. Further ones are left out and
    /// counted: an interpreter that has imported all of a large environment has some 1,500.
    public static let mostPackages = 4_096

    /// Resets all values, keeping the buffers.
    public mutating func reset() {
        id = RecordID(high: 0, low: 0)
        eventTime = nil
        elapsed = nil
        pid = nil
        ppid = nil
        uid = nil
        arrayJobID = nil
        arrayTaskID = nil
        hetGroup = nil
        restart = nil
        numNodes = nil
        numTasks = nil
        rank = nil
        isCompute = nil
        isShifter = nil
        isStaff = nil
        end = nil
        packages.removeAll(keepingCapacity: true)
        direct.removeAll(keepingCapacity: true)
        directIsKnown = false
        canary = nil
        part = nil
        parts = nil
        isLegacy = false
        unknownKeys = 0
        text.removeAll(keepingCapacity: true)
        for index in ranges.indices { ranges[index] = .absent }
    }

    /// Calls `body` with the bytes of `range`; they are empty if it is absent.
    @inline(__always)
    public func withBytes<Result>(of range: TextRange, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        text.withUnsafeBytes { all in
            guard range.isPresent else { return body(UnsafeRawBufferPointer(start: nil, count: 0)) }
            let start = Int(range.start)
            return body(UnsafeRawBufferPointer(rebasing: all[start..<start + Int(range.count)]))
        }
    }

    /// The text of `range` as a string; nil if it is absent. It allocates memory, so the hot path must not use it.
    public func string(_ range: TextRange) -> String? {
        guard range.isPresent else { return nil }
        return withBytes(of: range) { String(decoding: $0, as: UTF8.self) }
    }

    /// The text of `field` as a string; nil if it is absent. It allocates memory, so the hot path must not use it.
    public func string(_ field: TextField) -> String? { string(self[field]) }
}

/// The text fields of a record. The raw value is the field's place in storage.
public enum TextField: Int, CaseIterable, Sendable {
    case host, username, executable, prefix, python, implementation, main
    case container, system, subsystem, cluster
    case jobID, stepID
    case qos, account, partition
}

/// A piece of a record's text.
public struct TextRange: Sendable, Equatable {
    public let start: Int32
    /// The length in bytes; negative if the text is absent or null.
    public let count: Int32

    public static let absent = TextRange(start: 0, count: -1)

    @inline(__always)
    public init(start: Int32, count: Int32) {
        self.start = start
        self.count = count
    }

    @inline(__always)
    public var isPresent: Bool { count >= 0 }

    /// True if the text is absent or has no characters.
    public var isEmpty: Bool { count <= 0 }
}

/// A package that a process imported.
public struct PackageUse: Sendable, Equatable {
    public var name: TextRange
    /// Absent if the hook could not find the version cheaply.
    public var version: TextRange

    public init(name: TextRange, version: TextRange) {
        self.name = name
        self.version = version
    }
}

/// The part of a record that makes it a canary's.
public struct CanaryMark: Sendable, Equatable {
    /// The name of the canary run.
    public var run: TextRange
    /// The number of this record in its run.
    public var sequence: Int64
    /// The number of records that the run sends.
    public var of: Int64

    public init(run: TextRange, sequence: Int64, of: Int64) {
        self.run = run
        self.sequence = sequence
        self.of = of
    }
}

/// The 128 random bits that tell one record from every other.
public struct RecordID: Hashable, Sendable {
    public let high: UInt64
    public let low: UInt64

    @inline(__always)
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }
}

/// The way in which a process ended, the mildest first: the run of merged processes keeps the worst.
public enum ProcessEnd: UInt8, Sendable, CaseIterable, Comparable {
    case exit, exception, signal, killed
    /// Not an end: a snapshot of a living process.
    case running

    /// The word that the wire and the commands use.
    public var name: String {
        switch self {
        case .exit: "exit"
        case .exception: "exception"
        case .signal: "signal"
        case .killed: "killed"
        case .running: "running"
        }
    }

    public static func < (left: ProcessEnd, right: ProcessEnd) -> Bool { left.rawValue < right.rawValue }
}
