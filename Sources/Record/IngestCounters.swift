/// Named counts of messages by their outcome. Counts only grow, and a batch carries what it adds.
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
    /// Records that began a run, or have a row in a table of their own (canaries).
    public static let stored = "stored"
    /// Records that added to a known run.
    public static let merged = "merged"
    /// Messages whose record was already stored.
    public static let duplicate = "duplicate"
    /// Datagrams that the kernel dropped because a socket's buffer was full. The daemon never received them.
    public static let kernelDropped = "kernel_dropped"
    /// Keys that no known version of the record has.
    public static let unknownKeys = "unknown_keys"
    /// Records with a part that never arrived.
    public static let incompleteParts = "incomplete_parts"
    /// Texts cut at `maximumTextBytes`.
    public static let clippedTexts = "clipped_texts"
    /// Packages beyond `UsageRecord.mostPackages` of one record, which are left out.
    public static let clippedPackages = "clipped_packages"
    /// New names beyond the budget of their sender, which count as `other`.
    public static let otherNames = "other_names"
    /// Records dated more than a day after their arrival: the time of arrival is stored instead.
    public static let clockAhead = "clock_ahead"
    /// Records that claim a longer life than `UsageRecord.longestLife`: their elapsed time is stored as unknown.
    public static let doubtedElapsed = "doubted_elapsed"
    /// Records that claim more nodes than `UsageRecord.mostNodes`: their number of nodes is stored as unknown.
    public static let doubtedNodes = "doubted_nodes"
    /// Records that claim another name than that of the user whom the kernel has proved, or a name that no user has.
    public static let foreignName = "foreign_name"
    /// Stacks, environments and runs whose fingerprint was another one's; they are stored under the next fingerprint.
    public static let fingerprintConflict = "fingerprint_conflict"
}
