/// A start of a job in the store of which the batch system has not said the last word.
public struct OpenJob: Sendable, Equatable {
    /// The store's number of it.
    public let row: Int64
    /// Empty where the records do not say.
    public let cluster: String
    public let jobID: String
    public let restart: Int64
    /// How often the batch system has answered without saying what became of it.
    public let attempts: Int64
    /// The days of its records, counted from 1970-01-01 UTC; nil where that is not known.
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

/// What asking the batch system came to for one start of a job.
public enum JobOutcome: Sendable, Equatable {
    /// It has said this; the last word if the facts are final.
    case facts(row: Int64, JobFacts)
    /// It does not know the job, or not its end: to be asked again from `due` on, microseconds since 1970 UTC.
    case later(row: Int64, attempts: Int64, due: Int64)
    /// Nobody will know.
    case unknown(row: Int64)
}
