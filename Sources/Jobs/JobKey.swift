/// One start of a job.
public struct JobKey: Hashable, Sendable {
    public let jobID: String
    /// How often the job had been started before.
    public let restart: Int64

    public init(jobID: String, restart: Int64) {
        self.jobID = jobID
        self.restart = restart
    }
}
