/// Data of the batch system on one start of a job. Nil means that the batch system gave no value.
public struct JobFacts: Sendable, Equatable {
    /// The job number that the job's processes see: the task's own number in a job array, the leader's number in a
    /// heterogeneous job.
    public var jobID: String
    /// The number of earlier starts of the job.
    public var restart: Int64
    public var cluster: String?
    /// A word in capitals: `JobState` has those that have a meaning elsewhere.
    public var state: String
    /// Whether this start has ended, so that these values no longer change.
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
    public var allocatedCPUs: Int64?
    /// The time of all its CPUs that its processes used.
    public var cpuSeconds: Int64?
    /// The allocated GPUs of all kinds.
    public var gpus: Int64?
    /// The memory that the whole job asked for, bytes.
    public var requestedMemory: Int64?
    /// The largest resident set of a task of any step, bytes.
    public var largestResidentSet: Int64?
    /// The number of steps, the batch step and that of the job's cgroup (`extern`) included.
    public var steps: Int64?

    public init(jobID: String, restart: Int64 = 0, state: String, isFinal: Bool) {
        self.jobID = jobID
        self.restart = restart
        self.state = state
        self.isFinal = isFinal
    }
}
