/// What the batch system says of one start of a job. Nil stands for what it does not say.
public struct JobFacts: Sendable, Equatable {
    /// The number by which the job's processes know it: of an array's task its own, of a heterogeneous job's component the
    /// leader's.
    public var jobID: String
    /// How often the job had been started before.
    public var restart: Int64
    public var cluster: String?
    /// Slurm's word in capitals: `COMPLETED`, `TIMEOUT`, ...
    public var state: String
    /// Whether this start has come to its end, so that none of this changes any more.
    public var isFinal: Bool
    /// `CODE:SIGNAL`.
    public var exitCode: String?
    public var username: String?
    public var uid: Int64?
    public var account: String?
    public var qos: String?
    public var partition: String?
    public var name: String?
    public var nodeList: String?
    public var numNodes: Int64?
    public var numTasks: Int64?
    public var arrayJobID: Int64?
    public var arrayTaskID: Int64?
    /// Microseconds since 1970 UTC.
    public var submit: Int64?
    public var start: Int64?
    public var end: Int64?
    public var elapsedSeconds: Int64?
    public var timeLimitSeconds: Int64?

    public init(jobID: String, restart: Int64 = 0, state: String, isFinal: Bool) {
        self.jobID = jobID
        self.restart = restart
        self.state = state
        self.isFinal = isFinal
    }
}
