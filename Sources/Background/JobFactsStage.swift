import DaemonMetrics
import Jobs
import Logging
import Store
import SystemClock
import Threads

/// Asks the batch system what became of the jobs in the store.
///
/// One thread runs it, with a connection to the store of its own. After a failure the next sweep asks again: the store
/// knows which jobs are still open, so nothing is forgotten while the batch system, the store or this daemon is away.
public final class JobFactsStage {
    private let source: any JobSource
    private let ledger: any JobLedger
    private let metrics: IngestMetrics
    private let stop: StopSignal
    private let logger: Logger
    private var sweep: JobSweep
    private var backoff: Backoff

    /// The number of open jobs that are held in memory together.
    private static let pageSize = 20_000
    /// The number of ended jobs that one sweep asks for; the rest waits for the next one.
    private static let endedAtMost = 20_000

    /// - Parameters:
    ///   - cluster: whose jobs are asked for; nil for the cluster that answers.
    ///   - batchJobs: ended jobs that are asked for at once.
    public init(
        source: any JobSource, cluster: String?, intervalSeconds: Int, batchJobs: Int, ledger: any JobLedger,
        metrics: IngestMetrics, stop: StopSignal, logger: Logger
    ) {
        self.source = source
        self.ledger = ledger
        self.metrics = metrics
        self.stop = stop
        self.logger = logger
        sweep = JobSweep(
            cluster: cluster, batchSize: batchJobs, interval: Int64(intervalSeconds) * 1_000_000,
            isJobID: source.isJobID)
        backoff = Backoff(interval: intervalSeconds * 1_000)
    }

    /// Runs until the stop signal.
    public func run() {
        // the writer makes the tables
        while metrics.snapshot.storeUnavailable && !stop.isRequested { stop.wait(milliseconds: 200) }
        while !stop.isRequested {
            let began = steadyMilliseconds()
            do {
                try sweepOnce()
                if backoff.succeeded() { logger.notice("\(source.name) answers again; job data is up to date") }
            } catch {
                metrics.update { $0.jobs.failures += 1 }
                if backoff.failed() {
                    logger.warning(
                        "could not read job data from \(source.name); retrying",
                        metadata: [
                            "why": "\(error)", "in_seconds": "\(backoff.wait / 1_000)",
                            "failures": "\(backoff.failures)",
                        ])
                }
            }
            // a slow batch system is asked less often; one that is away may time out slowly and be back soon
            let took = steadyMilliseconds() - began
            stop.wait(milliseconds: max(backoff.wait - took, backoff.failures == 0 ? took * 3 : 0, 100))
        }
    }

    private func sweepOnce() throws {
        metrics.update { $0.jobs.sweeps += 1 }
        let now = wallClock()
        let count = try ledger.findOpenJobs(cluster: sweep.cluster, now: now)
        var page = try ledger.nextOpenJobs(limit: JobFactsStage.pageSize)
        if page.isEmpty { metrics.update { $0.jobs.open = 0 } }
        var ended: [OpenJob] = []
        if !page.isEmpty {
            metrics.update { $0.jobs.queueCalls += 1 }
            sweep.begin(running: try source.running())
            while !page.isEmpty {
                let findings = sweep.look(at: page)
                try note(findings.outcomes)
                ended += findings.ended.prefix(JobFactsStage.endedAtMost - ended.count)
                page = try ledger.nextOpenJobs(limit: JobFactsStage.pageSize)
                if stop.isRequested { return }
            }
            sweep.finish()
            metrics.update { $0.jobs.open = UInt64(count) }
        }
        for batch in sweep.batches(ended) {
            if stop.isRequested { return }
            metrics.update { $0.jobs.accountingCalls += 1 }
            let accounted = try source.accounted(JobSweep.numbers(batch))
            try note(sweep.judge(batch, accounted: accounted, now: wallClock()))
        }
        metrics.update { $0.jobs.lastSweep = wallClock() }
    }

    /// Writes in short transactions, because a store may allow only one writer at a time.
    private func note(_ outcomes: [JobOutcome]) throws(StoreError) {
        var rest = outcomes[...]
        while !rest.isEmpty {
            try ledger.note(Array(rest.prefix(500)))
            rest = rest.dropFirst(500)
        }
    }
}
