/// The source of job data.
public struct SlurmSettings: Sendable, Equatable {
    public enum Source: String, CaseIterable, Sendable {
        case off
        /// squeue and sacct.
        case commands
        case slurmrestd
    }

    public var source = Source.off
    /// The cluster whose jobs are asked for, also for records that name no cluster; nil for the cluster that answers.
    public var cluster: String?
    /// The time between two rounds of questions.
    public var intervalSeconds = 30
    /// The number of ended jobs in one question.
    public var batchJobs = 500
    /// The time that an answer may take.
    public var timeoutSeconds = 60
    public var squeue = "squeue"
    public var sacct = "sacct"
    /// `http://HOST:PORT`, `https://HOST:PORT` or `unix:///PATH` of slurmrestd.
    public var url: String?
    /// The version of slurmrestd's interface.
    public var version = "v0.0.38"
    /// The user name that is sent to slurmrestd with the token.
    public var user: String?
    /// A file with a token (JWT); nil for the environment variable `SLURM_JWT`.
    public var tokenFile: String?

    public init() {}
}
