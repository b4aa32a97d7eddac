import Jobs
import Processes

/// Job data by Slurm's commands, of the cluster in this machine's slurm.conf.
public final class SlurmCommands: JobSource {
    private let squeue: String
    private let sacct: String
    private let timeout: Int

    /// Enough for 70,000 running jobs.
    private static let maximumBytes = 64 << 20

    /// - Parameter squeue: the command, a name on `PATH` or a path; `sacct` likewise.
    public init(squeue: String, sacct: String, timeout: Int) {
        self.squeue = squeue
        self.sacct = sacct
        self.timeout = timeout
    }

    public var name: String { "Slurm" }

    public func isJobID(_ text: String) -> Bool { SlurmText.isJobID(text) }

    public func running() throws(JobSourceError) -> [JobFacts] {
        try Queue.facts(try run(squeue, Queue.arguments))
    }

    public func accounted(_ jobs: [String]) throws(JobSourceError) -> [JobFacts] {
        let separator = Accounting.newSeparator()
        let output = try run(sacct, Accounting.arguments(jobs, separator: separator))
        return try Accounting.facts(String(decoding: output, as: UTF8.self), separator: separator)
    }

    private func run(_ command: String, _ arguments: [String]) throws(JobSourceError) -> [UInt8] {
        // users' own settings of the commands' output must not change it
        let environment = inheritedEnvironment().filter { entry in
            !["SQUEUE_", "SACCT_", "SLURM_TIME_FORMAT=", "SLURM_CLUSTERS=", "TZ=", "LC_ALL="].contains {
                entry.hasPrefix($0)
            }
        }
        let outcome: Program.Outcome
        do throws(ProgramError) {
            outcome = try Program(
                command, arguments,
                environment: environment + ["TZ=UTC", "SLURM_TIME_FORMAT=standard", "LC_ALL=C.UTF-8"],
                timeout: timeout, maximumBytes: SlurmCommands.maximumBytes
            ).run()
        } catch {
            throw .command(name: command, why: error.description)
        }
        if let complaint = outcome.complaint { throw .command(name: command, why: complaint) }
        if outcome.isCut { throw .tooLong(what: command, bytes: SlurmCommands.maximumBytes) }
        return outcome.output
    }
}
