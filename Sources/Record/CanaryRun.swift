/// A run of canaries as it was sent out.
public struct CanaryRun: Sendable, Equatable {
    /// What one process may take on the machine that sends it out, microseconds.
    public static let longestProcess: Int64 = 60_000_000
    /// Beside its processes' time, until nobody can be at it any more, microseconds.
    public static let longestSilence: Int64 = 3_600_000_000

    public let run: String
    /// Microseconds since 1970 UTC.
    public let submitted: Int64
    /// Processes, each of which is to send one record.
    public let expected: Int64
    /// Those of them that are to end by SIGKILL.
    public let killed: Int64
    /// `local` or `sbatch`.
    public let mode: String
    /// Empty where that was left to Slurm.
    public let partition: String
    public let node: String
    /// What the records travel by, the beginning of the server's address; `hook` for whatever the hook is set to.
    public let transport: String
    /// Until then its records may come, microseconds since 1970 UTC.
    public let deadline: Int64

    public init(
        run: String, submitted: Int64, expected: Int64, killed: Int64, mode: String, partition: String, node: String,
        transport: String, deadline: Int64
    ) {
        self.run = run
        self.submitted = submitted
        self.expected = expected
        self.killed = killed
        self.mode = mode
        self.partition = partition
        self.node = node
        self.transport = transport
        self.deadline = deadline
    }
}

/// What is learnt of a run after it was sent out. Nil leaves what is known.
public struct CanaryNews: Sendable, Equatable {
    public let run: String
    public var slurmJob: String?
    /// Microseconds since 1970 UTC.
    public var started: Int64?
    public var ended: Int64?
    public var deadline: Int64?
    /// Why it could not run.
    public var failure: String?

    public init(run: String) { self.run = run }
}
