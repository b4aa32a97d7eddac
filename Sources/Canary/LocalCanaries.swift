import Processes
import Record
import Settings

/// Runs canaries as processes of this machine, for sites without Slurm.
public enum LocalCanaries {
    /// Runs the processes one after the other.
    ///
    /// - Returns: the reason why not all of them ran as planned; nil if all did.
    public static func run(_ order: CanaryBatch) -> String? {
        for process in 1...order.settings.processes {
            var environment = baseEnvironment() + ["CUSTOMS_CANARY=\(order.mark(process))"]
            if let hook = order.settings.hook { environment.append("PYTHONPATH=\(hook)") }
            if let server = order.server { environment.append("CUSTOMS_SERVER=\(server)") }
            let program = Program(
                order.settings.python, ["-c", order.program(process)], environment: environment,
                timeout: Int(CanaryRun.longestProcess / 1_000_000), maximumBytes: 4_096)
            let outcome: Program.Outcome
            do throws(ProgramError) { outcome = try program.run() } catch { return error.description }
            if outcome.status != order.status(process) {
                let why = outcome.complaint ?? "it ended with status 0 before it could be killed"
                return "\(order.settings.python), process \(process): \(why)"
            }
        }
        return nil
    }

    /// The environment of the processes, without settings of Python, the hook and a job.
    private static func baseEnvironment() -> [String] {
        let own = ["PYTHON", "CUSTOMS_", "SLURM", "OMPI_", "PMI", "PALS_", "MV2_", "FLUX_", "JSM_", "ALPS_"]
        return inheritedEnvironment().filter { entry in !own.contains { entry.hasPrefix($0) } }
    }
}
