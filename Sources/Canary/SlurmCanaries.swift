import Jobs
import Processes
import Record
import Settings

/// Submits canary batches as batch jobs.
public enum SlurmCanaries {
    public static let jobName = "customs-canary"
    /// The time limit of the job.
    public static let minutes = 5

    /// Submits a batch by sbatch.
    ///
    /// - Returns: the job's number, or the reason of the failure.
    public static func submit(_ order: CanaryBatch) -> Result<String, CanaryRefusal> {
        var arguments = [
            "--parsable", "--job-name=\(jobName)", "--output=/dev/null", "--error=/dev/null", "--ntasks=1",
            "--time=\(minutes)", "--chdir=/",
        ]
        if let account = order.settings.account { arguments.append("--account=\(account)") }
        if !order.partition.isEmpty { arguments.append("--partition=\(order.partition)") }
        if !order.node.isEmpty { arguments.append("--nodelist=\(order.node)") }
        // the site's own options come last, because sbatch takes the last value of an option
        arguments += order.settings.options
        // the script proves the batch's records: a command line can be read by every user of the machine, and Slurm's
        // accounting keeps it (SubmitLine)
        let program = Program(
            order.settings.sbatch, arguments, environment: baseEnvironment(), input: "#!/bin/sh\n\(script(order))\n",
            timeout: 60, maximumBytes: 65_536)
        let outcome: Program.Outcome
        do throws(ProgramError) { outcome = try program.run() } catch {
            return .failure(CanaryRefusal(why: error.description))
        }
        if let complaint = outcome.complaint {
            return .failure(CanaryRefusal(why: "\(order.settings.sbatch): \(complaint)"))
        }
        let number = outcome.outputText.prefix { $0.isASCII && $0.isNumber }
        guard !number.isEmpty else {
            return .failure(CanaryRefusal(why: "\(order.settings.sbatch): its answer has no job number"))
        }
        return .success(String(number))
    }

    /// The news of a batch that follow from Slurm's data on its job.
    ///
    /// - Parameters:
    ///   - facts: of the job's last start; nil if Slurm does not know the job.
    ///   - wait: the time after the end at which missing records count as lost, microseconds.
    ///   - now: microseconds since 1970 UTC.
    public static func news(
        of run: String, submitted: Int64, facts: JobFacts?, wait: Int64, now: Int64
    ) -> CanaryUpdate {
        var news = CanaryUpdate(run: run)
        guard let facts else {
            // Slurm's accounting lags behind, so the job gets an hour to appear
            if now - submitted > 3_600_000_000 { news.failure = "Slurm does not know the job" }
            return news
        }
        news.started = facts.start
        guard facts.isFinal, facts.state != JobState.requeued else {
            // nothing counts as lost while the job waits in the queue
            news.deadline = now + max(wait, 86_400_000_000)
            return news
        }
        let ended = facts.end ?? now
        if facts.state == JobState.completed {
            news.ended = ended
            news.deadline = ended + wait
        } else {
            news.failure = "job \(facts.jobID) ended as \(facts.state) \(facts.exitCode ?? "")"
        }
        return news
    }

    /// The job's script. It ends with status 3 if a process did not run as planned.
    public static func script(_ order: CanaryBatch) -> String {
        var lines = ["failed=0"]
        if let hook = order.settings.hook {
            lines.append("export PYTHONPATH=\(quoted(hook))\"${PYTHONPATH:+:$PYTHONPATH}\"")
        }
        if let server = order.server { lines.append("export CUSTOMS_SERVER=\(quoted(server))") }
        for process in 1...order.settings.processes {
            lines.append(
                "CUSTOMS_CANARY=\(quoted(order.mark(process))) \(quoted(order.settings.python)) -c "
                    + "\(quoted(order.program(process)))")
            lines.append("[ $? -eq \(order.status(process)) ] || failed=3")
        }
        lines.append("exit $failed")
        return lines.joined(separator: "\n")
    }

    private static func quoted(_ text: String) -> String {
        "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }

    /// The environment that sbatch passes on to the job: nothing of this process's own.
    private static func baseEnvironment() -> [String] {
        let kept = ["PATH=", "HOME=", "USER=", "LOGNAME=", "SHELL=", "SLURM_CONF=", "LANG=", "LC_ALL="]
        return inheritedEnvironment().filter { entry in kept.contains { entry.hasPrefix($0) } }
    }
}
