/// One start of a job.
public struct JobKey: Hashable, Sendable {
    public let jobID: String
    /// The number of earlier starts of the job.
    public let restart: Int64

    public init(jobID: String, restart: Int64) {
        self.jobID = jobID
        self.restart = restart
    }
}
