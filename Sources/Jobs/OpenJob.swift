/// A start of a job in the store whose final data the batch system has not given yet.
public struct OpenJob: Sendable, Equatable {
    /// The number of the start's row in the store.
    public let row: Int64
    /// Empty if the records name no cluster.
    public let cluster: String
    public let jobID: String
    public let restart: Int64
    /// The number of answers of the batch system that left the job's end unknown.
    public let attempts: Int64
    /// The days of its records, counted from 1970-01-01 UTC; nil if unknown.
    public let days: ClosedRange<Int64>?

    public init(
        row: Int64, cluster: String, jobID: String, restart: Int64, attempts: Int64, days: ClosedRange<Int64>? = nil
    ) {
        self.row = row
        self.cluster = cluster
        self.jobID = jobID
        self.restart = restart
        self.attempts = attempts
        self.days = days
    }
}

/// The result of asking the batch system for one start of a job.
public enum JobOutcome: Sendable, Equatable {
    /// The batch system gave these values; the job is settled if they are final.
    case facts(row: Int64, JobFacts)
    /// The batch system does not know the job, or not its end: ask again from `due` on, microseconds since 1970 UTC.
    case later(row: Int64, attempts: Int64, due: Int64)
    /// The batch system will never know the job.
    case unknown(row: Int64)
}
