import Record

/// Canaries: Python processes of our own with a known number of records.
public struct CanarySettings: Sendable, Equatable {
    public var mode = CanaryMode.off
    /// Batches a day, evenly spread.
    public var perDay = 48
    /// Python processes of a batch.
    public var processes = 10
    /// Processes of a batch that end by SIGKILL; nil for the default: one in a batch that is a job, and none in a
    /// `local` one, because no sweep runs for it.
    public var killed: Int?
    /// The time after the end of a batch at which missing records count as lost.
    public var waitSeconds = 600
    /// The interpreter.
    public var python = "python3"
    /// The hook's directory, put on `PYTHONPATH`; nil if Slurm's TaskProlog or plugin does that.
    public var hook: String?
    /// The packages that each process imports. The hook must watch one of them, or its processes send nothing.
    public var packages = ["multiprocessing"]
    /// Servers (`CUSTOMS_SERVER`) that batches are sent to in turn; empty for the hook's own server.
    public var servers: [String] = []
    public var partitions: [String] = []
    public var nodes: [String] = []
    public var sbatch = "sbatch"
    /// More options of sbatch, such as `--qos=low`.
    public var options: [String] = []
    /// The account to which the jobs are charged; nil for their user's default account.
    public var account: String?

    public init() {}

    /// Whether a canary batch is a batch job.
    public var isJob: Bool { mode == .sbatch || mode == .slurmrestd }

    public var killedProcesses: Int { min(killed ?? (isJob ? 1 : 0), processes) }
}
