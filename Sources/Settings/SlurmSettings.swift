/// Where facts of jobs come from.
public struct SlurmSettings: Sendable, Equatable {
    /// `off`, `commands` or `slurmrestd`.
    public var source = "off"
    /// Whose jobs are asked for, and those of records that name no cluster; nil for the one that answers.
    public var cluster: String?
    /// Between sweeps.
    public var intervalSeconds = 30
    /// Ended jobs that are asked for at once.
    public var batchJobs = 500
    /// How long an answer may take.
    public var timeoutSeconds = 60
    public var squeue = "squeue"
    public var sacct = "sacct"
    /// `http://HOST:PORT`, `https://HOST:PORT` or `unix:///PATH` of slurmrestd.
    public var url: String?
    /// The version of slurmrestd's interface.
    public var version = "v0.0.38"
    /// Sent to slurmrestd with the token.
    public var user: String?
    /// A file with a token (JWT); nil for the environment variable `SLURM_JWT`.
    public var tokenFile: String?

    public static let sources = ["off", "commands", "slurmrestd"]

    public init() {}
}
