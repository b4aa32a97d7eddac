import DaemonMetrics
import Listen
import Logging
import Record
import Settings
import Slurm
import Store

/// Asks the batch system, beside the way of the records and never on it, what became of their jobs.
///
/// One thread runs it, with a connection to the store of its own. Whatever goes wrong here waits for the next sweep: the
/// store knows which jobs are still open, so nothing is forgotten while Slurm, the store or this daemon is away.
final class JobFactsStage {
    private let settings: SlurmSettings
    private let source: any JobSource
    private let ledger: any JobLedger
    private let metrics: IngestMetrics
    private let stop: StopSignal
    private let logger: Logger
    private var sweep: JobSweep
    private var failures = 0

    /// Jobs that a sweep looks at; the rest waits for the next one.
    private static let openAtMost = 20_000
    /// The longest wait between sweeps while Slurm does not answer, milliseconds.
    private static let longestWait = 300_000

    init(
        settings: SlurmSettings, source: any JobSource, ledger: any JobLedger, metrics: IngestMetrics, stop: StopSignal,
        logger: Logger
    ) {
        self.settings = settings
        self.source = source
        self.ledger = ledger
        self.metrics = metrics
        self.stop = stop
        self.logger = logger
        sweep = JobSweep(
            cluster: settings.cluster, batchSize: settings.batchJobs,
            interval: Int64(settings.intervalSeconds) * 1_000_000)
    }

    /// Runs until the stop signal.
    func run() {
        let interval = settings.intervalSeconds * 1_000
        // who writes makes the tables
        while metrics.snapshot.storeIsAway && !stop.isRequested { stop.wait(milliseconds: 200) }
        while !stop.isRequested {
            let began = steadyMilliseconds()
            var wait = interval
            do {
                try sweepOnce()
                if failures > 0 { logger.notice("jobs: Slurm answers again") }
                failures = 0
            } catch {
                failures += 1
                wait = min(interval << min(failures, 10), max(interval, JobFactsStage.longestWait))
                metrics.update { $0.jobs.failures += 1 }
                // once an outage, and again when it is long
                if failures & (failures - 1) == 0 {
                    logger.warning(
                        "jobs: no facts for now; asked again",
                        metadata: ["why": "\(error)", "in_seconds": "\(wait / 1_000)", "failures": "\(failures)"])
                }
            }
            // a Slurm that is slow is asked less often; one that is away takes its time to say so, and may be back soon
            let took = steadyMilliseconds() - began
            stop.wait(milliseconds: max(wait - took, failures == 0 ? took * 3 : 0, 100))
        }
    }

    private func sweepOnce() throws {
        let open = try ledger.openJobs(cluster: sweep.cluster, now: wallClock(), limit: JobFactsStage.openAtMost)
        metrics.update {
            $0.jobs.sweeps += 1
            $0.jobs.open = UInt64(open.count)
        }
        if !open.isEmpty {
            metrics.update { $0.jobs.queueCalls += 1 }
            let plan = sweep.plan(open: open, running: try source.running())
            try note(plan.outcomes)
            for batch in plan.batches {
                if stop.isRequested { return }
                metrics.update { $0.jobs.accountingCalls += 1 }
                let accounted = try source.accounted(JobSweep.numbers(batch))
                try note(sweep.judge(batch, accounted: accounted, now: wallClock()))
            }
        }
        metrics.update { $0.jobs.lastSweep = wallClock() }
    }

    /// In transactions that are short, for a store may let only one write at a time.
    private func note(_ outcomes: [JobOutcome]) throws(StoreError) {
        var rest = outcomes[...]
        while !rest.isEmpty {
            try ledger.note(Array(rest.prefix(500)))
            rest = rest.dropFirst(500)
        }
    }
}

extension SlurmSettings {
    /// Nil where nothing is asked.
    var jobSource: (any JobSource)? {
        switch source {
        case "commands": commands
        case "slurmrestd":
            SlurmRest(
                SlurmRest.Place(url: url ?? "", version: version, user: user, tokenFile: tokenFile),
                secondsAtMost: timeoutSeconds)
        default: nil
        }
    }

    var commands: SlurmCommands {
        SlurmCommands(squeue: squeue, sacct: sacct, secondsAtMost: timeoutSeconds)
    }
}
