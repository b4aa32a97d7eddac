import DaemonMetrics
import Logging
import Store
import Threads

/// Does the store's maintenance: makes tables for months to come, and packs days that have ended.
///
/// One thread runs it, with a connection to the store of its own. After a failure it tries again in the next round.
public final class MaintenanceStage {
    private let maintenance: any StoreMaintenance
    private let metrics: IngestMetrics
    private let stop: StopSignal
    private let logger: Logger

    /// The time between rounds, milliseconds.
    private static let interval = 600_000
    /// Before the first round, milliseconds: records that waited while the daemon was away come first.
    private static let firstWait = 60_000

    public init(maintenance: any StoreMaintenance, metrics: IngestMetrics, stop: StopSignal, logger: Logger) {
        self.maintenance = maintenance
        self.metrics = metrics
        self.stop = stop
        self.logger = logger
    }

    /// Runs until the stop signal.
    public func run() {
        stop.wait(milliseconds: MaintenanceStage.firstWait)
        while !stop.isRequested {
            if !metrics.snapshot.storeUnavailable {
                do throws(StoreError) { try round() } catch {
                    logger.warning("store maintenance failed; retrying in 10 minutes", metadata: ["why": "\(error)"])
                }
            }
            stop.wait(milliseconds: MaintenanceStage.interval)
        }
    }

    private func round() throws(StoreError) {
        try maintenance.makeAhead()
        for day in try maintenance.daysToPack() {
            if stop.isRequested { return }
            _ = try maintenance.pack(day: day)
        }
    }
}
