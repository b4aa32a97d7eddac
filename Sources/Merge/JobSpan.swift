import Record

/// The days of a job's signs of life, from the first to the last one.
///
/// Job numbers are reused after some millions of jobs, or when a cluster is set up anew. So records of one number
/// belong to one job only if no gap of more than `longestSilence` days separates them.
public struct JobSpan: Hashable, Sendable {
    /// The largest number of days between two signs of life of one job.
    public static let longestSilence: Int32 = 7
    /// The longest accepted life of a process, days: a longer claim tells nothing of the job's beginning.
    private static let longestLife = Int32(UsageRecord.longestLife / 86_400)

    /// Days since 1970-01-01 UTC, the first not after the last one.
    public let first: Int32
    public let last: Int32

    public init(first: Int32, last: Int32) {
        self.first = first
        self.last = last
    }

    /// The days of one process.
    ///
    /// - Parameters:
    ///   - started: its start, microseconds since 1970 UTC.
    ///   - day: the day on which its record counts.
    public init(started: Int64, through day: Int32) {
        self.init(first: max(min(Calendar.day(ofMicroseconds: started), day), day - JobSpan.longestLife), last: day)
    }

    /// Whether both belong to one job.
    public func isNear(_ other: JobSpan) -> Bool {
        other.first <= last + JobSpan.longestSilence && first <= other.last + JobSpan.longestSilence
    }

    public func contains(_ other: JobSpan) -> Bool { first <= other.first && other.last <= last }

    public func united(with other: JobSpan) -> JobSpan {
        JobSpan(first: min(first, other.first), last: max(last, other.last))
    }
}
