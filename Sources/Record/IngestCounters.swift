/// Named counts of what became of messages. They only grow, and a batch carries what it adds.
public struct IngestCounters: Sendable, Equatable {
    public private(set) var values: [String: UInt64] = [:]

    public init() {}

    public var isEmpty: Bool { values.isEmpty }

    public subscript(name: String) -> UInt64 { values[name] ?? 0 }

    public mutating func add(_ count: UInt64, to name: String) {
        guard count > 0 else { return }
        values[name, default: 0] &+= count
    }

    public mutating func add(_ other: IngestCounters) {
        for (name, count) in other.values { add(count, to: name) }
    }

    public mutating func reset() { values.removeAll(keepingCapacity: true) }

    /// The name under which messages rejected for `reason` are counted.
    public static func rejected(_ reason: RejectReason) -> String { rejectedPrefix + reason.rawValue }

    public static let rejectedPrefix = "rejected."
    /// Records that began a run, or stand in a table of their own (canaries).
    public static let stored = "stored"
    /// Records that added to a run that was known.
    public static let merged = "merged"
    /// Messages whose record had come before.
    public static let duplicate = "duplicate"
    /// Datagrams that the kernel dropped for want of room in a socket's buffer. They were never received.
    public static let kernelDropped = "kernel_dropped"
    /// Keys that no version of the record known here has.
    public static let unknownKeys = "unknown_keys"
    /// Records of which a part never came.
    public static let incompleteParts = "incomplete_parts"
    /// Texts cut at `maximumTextBytes`.
    public static let clippedTexts = "clipped_texts"
    /// Records dated later than a day after they arrived: the time of arrival stands for theirs.
    public static let clockAhead = "clock_ahead"
    /// Records that claim a longer life than `UsageRecord.longestLife`: how long the process lived counts as not said.
    public static let doubtedElapsed = "doubted_elapsed"
    /// Records that claim more nodes than `UsageRecord.mostNodes`: how many there were counts as not said.
    public static let doubtedNodes = "doubted_nodes"
}
