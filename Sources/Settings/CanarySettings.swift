/// Canaries: Python processes of our own, of which it is known how many records must come.
public struct CanarySettings: Sendable, Equatable {
    /// `off`, `local`, `sbatch` or `slurmrestd`.
    public var mode = "off"
    /// Runs a day, evenly spread.
    public var perDay = 48
    /// Python processes of a run.
    public var processes = 10
    /// Those of them that end by SIGKILL; nil for one of a run that is a job and none of a `local` one, for which nobody
    /// sweeps.
    public var killed: Int?
    /// After the end of a run, until what has not come is lost.
    public var waitSeconds = 600
    /// The interpreter.
    public var python = "python3"
    /// The hook's directory, put on `PYTHONPATH`; nil where Slurm's TaskProlog or plugin does that.
    public var hook: String?
    /// What each process imports; watched by the hook, or its processes send nothing.
    public var packages = ["multiprocessing"]
    /// Servers (`CUSTOMS_SERVER`) that runs are sent to in turn; empty for the hook's own.
    public var servers: [String] = []
    public var partitions: [String] = []
    public var nodes: [String] = []
    public var sbatch = "sbatch"
    /// More options of sbatch, such as `--qos=low`.
    public var options: [String] = []
    /// Whom the jobs are charged to; nil for the default of their user.
    public var account: String?

    public static let modes = ["off", "local", "sbatch", "slurmrestd"]

    public init() {}

    /// Whether a run is a batch job.
    public var isJob: Bool { mode == "sbatch" || mode == "slurmrestd" }

    public var killedProcesses: Int { min(killed ?? (isJob ? 1 : 0), processes) }
}
