/// A canary batch as it was submitted.
public struct CanaryRun: Sendable, Equatable {
    /// The longest time that one test process may take on its machine, microseconds.
    public static let longestProcess: Int64 = 60_000_000
    /// The time allowed in addition to the processes' own before a batch counts as finished, microseconds.
    public static let longestSilence: Int64 = 3_600_000_000

    public let run: String
    /// Microseconds since 1970 UTC.
    public let submitted: Int64
    /// The number of processes; each is to send one record.
    public let expected: Int64
    /// The number of processes that are to end by SIGKILL.
    public let killed: Int64
    public let mode: CanaryMode
    /// Empty if Slurm chose the partition.
    public let partition: String
    public let node: String
    /// The transport of the records: the scheme of the server's address, or `hook` for the transport that the hook is
    /// set to.
    public let transport: String
    /// The time until which records of the batch may arrive, microseconds since 1970 UTC.
    public let deadline: Int64

    public init(
        run: String, submitted: Int64, expected: Int64, killed: Int64, mode: CanaryMode, partition: String,
        node: String,
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

/// News of a canary batch after it was submitted. Nil leaves a value as it was.
public struct CanaryUpdate: Sendable, Equatable {
    public let run: String
    public var slurmJob: String?
    /// Microseconds since 1970 UTC.
    public var started: Int64?
    public var ended: Int64?
    public var deadline: Int64?
    /// The reason why the batch could not run.
    public var failure: String?

    public init(run: String) { self.run = run }
}
