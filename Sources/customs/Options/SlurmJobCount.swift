import Processes
import Query
import Record

/// The number of jobs that Slurm has run, by `sacct(1)` on this machine.
enum SlurmJobCount {
    /// Seconds.
    private static let patience = 600
    /// Enough for some 20 million jobs.
    private static let mostBytes = 256 << 20

    /// Jobs that ran at some time of a period.
    ///
    /// - Parameters:
    ///   - filter: its account, partition, quality of service and user; Slurm knows nothing of the rest.
    ///   - now: microseconds since 1970 UTC; no job has run after it.
    /// - Throws: `Failure`.
    static func ask(_ period: Period, _ filter: UsageFilter, now: Int64) throws -> Int64 {
        let end = min(Int64(period.last + 1) * Calendar.microsecondsPerDay, now)
        var arguments = [
            "--allusers", "--allocations", "--noheader", "--parsable2", "--format=JobIDRaw", "--state=RUNNING",
            "--starttime=\(Calendar.text(day: period.first))T00:00:00",
            "--endtime=\(Calendar.text(microseconds: end).prefix(19))",
        ]
        for (option, name) in [
            ("accounts", filter.account), ("partition", filter.partition), ("qos", filter.qos), ("user", filter.user),
        ] {
            if let name { arguments.append("--\(option)=\(name)") }
        }
        // users' own settings must not change what is counted
        let environment = inheritedEnvironment().filter { entry in
            !["SACCT_", "SLURM_TIME_FORMAT=", "TZ="].contains { entry.hasPrefix($0) }
        }
        let outcome: Program.Outcome
        do throws(ProgramError) {
            outcome = try Program(
                "sacct", arguments, environment: environment + ["TZ=UTC"], timeout: patience, maximumBytes: mostBytes
            ).run()
        } catch { throw Failure(.unavailable, "--sacct: \(error)") }
        if let complaint = outcome.complaint { throw Failure(.unavailable, "--sacct: sacct: \(complaint)") }
        if outcome.isCut {
            throw Failure(.unavailable, "--sacct: more jobs than can be counted; ask about a shorter time")
        }
        return Int64(Set(outcome.outputText.split(separator: "\n")).count)
    }
}
