import Canary
import DaemonMetrics
import Listen
import Logging
import Query
import Record
import Settings
import Slurm
import Store

/// Sends canaries out on a schedule and watches what becomes of their jobs.
///
/// One thread runs it, with a connection to the store of its own. The schedule is kept by what the store has of earlier
/// runs, so a restart sends none too many.
final class CanaryStage {
    private let settings: CanarySettings
    private let source: any JobSource
    private let ledger: any CanaryLedger
    private let metrics: IngestMetrics
    private let stop: StopSignal
    private let logger: Logger
    private var failures = 0

    init(
        settings: CanarySettings, source: any JobSource, ledger: any CanaryLedger, metrics: IngestMetrics,
        stop: StopSignal, logger: Logger
    ) {
        self.settings = settings
        self.source = source
        self.ledger = ledger
        self.metrics = metrics
        self.stop = stop
        self.logger = logger
    }

    /// Runs until the stop signal.
    func run() {
        let interval = 86_400_000 / settings.perDay
        // who writes makes the tables
        while metrics.snapshot.storeIsAway && !stop.isRequested { stop.wait(milliseconds: 200) }
        while !stop.isRequested {
            do {
                try sendIfDue(interval: Int64(interval) * 1_000)
                try watch()
                let report = try ledger.ask { connection throws(StoreError) in
                    try CanaryReport.ask(connection, now: wallClock(), days: CanaryReport.days)
                }
                metrics.update { $0.canaries = CanaryMetrics(report) }
                failures = 0
            } catch {
                failures += 1
                if failures & (failures - 1) == 0 {
                    logger.warning("canaries: not for now", metadata: ["why": "\(error)", "failures": "\(failures)"])
                }
            }
            stop.wait(milliseconds: min(30_000, max(1_000, interval / 4)))
        }
    }

    private func sendIfDue(interval: Int64) throws {
        let last = try ledger.last()
        let now = wallClock()
        if let last, now - last.submitted < interval { return }
        let order = CanaryOrder(
            settings, number: last?.count ?? 0, now: now, random: .random(in: .min ... .max))
        try CanaryDispatch.send(order, ledger: ledger, clock: wallClock) { news in
            logger.warning("a canary could not run", metadata: ["run": "\(news.run)", "why": "\(news.failure ?? "")"])
        }
    }

    private func watch() throws {
        let open = try ledger.openJobs()
        if open.isEmpty { return }
        var facts: [String: JobFacts] = [:]
        for found in try source.accounted(open.map { $0.slurmJob }) { facts[found.jobID] = found }
        for (run, job, submitted) in open {
            try ledger.note(
                SlurmCanaries.news(
                    of: run, submitted: submitted, facts: facts[job],
                    wait: Int64(settings.waitSeconds) * 1_000_000, now: wallClock()))
        }
    }
}

extension CanaryMetrics {
    fileprivate init(_ report: CanaryReport) {
        self.init()
        loss = report.overall.loss
        lossUpper95 = report.overall.upper
        for state in CanaryReport.State.allCases { states[state.rawValue] = UInt64(report.count(state)) }
    }
}
