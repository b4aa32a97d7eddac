import Canary
import DaemonMetrics
import Jobs
import Logging
import Query
import Record
import Settings
import Store
import SystemClock
import Threads

/// Submits canary batches on a schedule, and watches the jobs of these batches and of those that were submitted by
/// hand.
///
/// One thread runs it, with a connection to the store of its own. The schedule follows from the batches in the store,
/// so a restart submits none too many. If the batch system's queries fail, batches are still submitted and known
/// results are still reported.
public final class CanaryStage {
    private let settings: CanarySettings
    private let source: any JobSource
    private let submit: (CanaryBatch) -> Result<String, CanaryRefusal>
    private let ledger: any CanaryLedger
    private let metrics: IngestMetrics
    private let stop: StopSignal
    private let logger: Logger
    /// The time between two looks at the schedule and the store, milliseconds.
    private let interval: Int
    /// Before the batch system is asked again, and before the store is complained of again.
    private var sourceBackoff: Backoff
    private var storeBackoff: Backoff

    /// - Parameter batchSystem: runs canaries that are jobs, and tells what becomes of them.
    public init(
        settings: CanarySettings, batchSystem: BatchSystem, ledger: any CanaryLedger, metrics: IngestMetrics,
        stop: StopSignal, logger: Logger
    ) {
        self.settings = settings
        source = batchSystem.makeSource()
        submit = batchSystem.submit
        self.ledger = ledger
        self.metrics = metrics
        self.stop = stop
        self.logger = logger
        interval = min(30_000, max(1_000, 86_400_000 / settings.perDay / 4))
        sourceBackoff = Backoff(interval: interval)
        storeBackoff = Backoff(interval: interval)
    }

    /// Runs until the stop signal.
    public func run() {
        // the writer makes the tables
        while metrics.snapshot.storeUnavailable && !stop.isRequested { stop.wait(milliseconds: 200) }
        var nextWatch = 0
        while !stop.isRequested {
            if metrics.snapshot.storeUnavailable {
                // the writer logs that
                stop.wait(milliseconds: interval)
                continue
            }
            do {
                try ledger.giveUp(now: wallClock())
                if settings.mode != .off { try sendIfDue() }
                if steadyMilliseconds() >= nextWatch {
                    try watch()
                    nextWatch = steadyMilliseconds() + sourceBackoff.wait
                }
                try tell()
                _ = storeBackoff.succeeded()
            } catch {
                if storeBackoff.failed() {
                    logger.warning(
                        "canary round failed; retrying",
                        metadata: ["why": "\(error)", "failures": "\(storeBackoff.failures)"])
                }
            }
            stop.wait(milliseconds: interval)
        }
    }

    private func sendIfDue() throws(StoreError) {
        let last = try ledger.last()
        let now = wallClock()
        if let last, now - last.submitted < 86_400_000_000 / Int64(settings.perDay) { return }
        let order = CanaryBatch(
            settings, number: last?.count ?? 0, now: now, key: try ledger.key(), random: .random(in: .min ... .max))
        try CanaryDispatch.send(order, ledger: ledger, submit: submit, clock: wallClock) { news in
            logger.warning("a canary could not run", metadata: ["run": "\(news.run)", "why": "\(news.failure ?? "")"])
        }
    }

    private func watch() throws(StoreError) {
        let open = try ledger.openJobs()
        if open.isEmpty { return }
        let accounted: [JobFacts]
        do throws(JobSourceError) { accounted = try source.accounted(open.map { $0.slurmJob }) } catch {
            if sourceBackoff.failed() {
                logger.warning(
                    "could not read canary jobs from \(source.name); retrying",
                    metadata: [
                        "why": "\(error)", "in_seconds": "\(sourceBackoff.wait / 1_000)",
                        "failures": "\(sourceBackoff.failures)",
                    ])
            }
            return
        }
        if sourceBackoff.succeeded() { logger.notice("\(source.name) answers again about canary jobs") }
        var facts: [String: JobFacts] = [:]
        for found in accounted { facts[found.jobID] = found }
        for (run, job, submitted) in open {
            try ledger.note(
                SlurmCanaries.news(
                    of: run, submitted: submitted, facts: facts[job],
                    wait: Int64(settings.waitSeconds) * 1_000_000, now: wallClock()))
        }
    }

    private func tell() throws(StoreError) {
        let report = try ledger.ask { connection throws(StoreError) in
            try CanaryReport.ask(connection, now: wallClock(), days: CanaryReport.days)
        }
        // without any canary batch there are no metrics to set
        if settings.mode == .off, report.runs.isEmpty { return }
        metrics.update { $0.canaries = CanaryMetrics(report) }
    }
}

extension CanaryMetrics {
    fileprivate init(_ report: CanaryReport) {
        self.init()
        loss = report.overall.loss
        lossUpper95 = report.overall.upper
        lastComplete = report.runs.lazy.filter { $0.state == .complete }.map { $0.submitted }.max()
        for state in CanaryReport.State.allCases { states[state.rawValue] = UInt64(report.count(state)) }
    }
}
