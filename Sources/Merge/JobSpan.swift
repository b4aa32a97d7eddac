import Record

/// The days on which there are signs of life of a job, from the first to the last one.
///
/// Numbers of jobs come round again: after some millions of jobs, or when a cluster is set up anew. So records of one number are of
/// one job only as long as no gap of more than `longestSilence` days parts them.
public struct JobSpan: Hashable, Sendable {
    /// How many days may lie between two signs of life of one job.
    public static let longestSilence: Int32 = 7
    /// A process that claims to have lived longer tells nothing of when its job began, days.
    private static let longestLife = Int32(UsageRecord.longestLife / 86_400)

    /// Days since 1970-01-01 UTC, the first not behind the last one.
    public let first: Int32
    public let last: Int32

    public init(first: Int32, last: Int32) {
        self.first = first
        self.last = last
    }

    /// The days of one process.
    ///
    /// - Parameters:
    ///   - started: when it started, microseconds since 1970 UTC.
    ///   - day: on which its record counts.
    public init(started: Int64, through day: Int32) {
        self.init(first: max(min(Calendar.day(ofMicroseconds: started), day), day - JobSpan.longestLife), last: day)
    }

    /// Whether both are of one job.
    public func isNear(_ other: JobSpan) -> Bool {
        other.first <= last + JobSpan.longestSilence && first <= other.last + JobSpan.longestSilence
    }

    public func contains(_ other: JobSpan) -> Bool { first <= other.first && other.last <= last }

    public func united(with other: JobSpan) -> JobSpan {
        JobSpan(first: min(first, other.first), last: max(last, other.last))
    }
}
