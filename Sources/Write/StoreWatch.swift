import DaemonMetrics
import Logging
import Store
import Threads

/// Logs that the store does not answer: the thread that waits for the answer cannot.
public final class StoreWatch {
    private let activity: StoreActivity
    private let metrics: IngestMetrics
    private let stop: StopSignal
    private let logger: Logger

    /// Milliseconds.
    static let alarmAfter = IngestMetrics.Snapshot.statementAlarm
    /// The time between two checks, milliseconds.
    private static let interval = 500
    /// The longest time between two log lines about one statement, milliseconds.
    private static let longestPause = 60_000

    public init(activity: StoreActivity, metrics: IngestMetrics, stop: StopSignal, logger: Logger) {
        self.activity = activity
        self.metrics = metrics
        self.stop = stop
        self.logger = logger
    }

    /// Runs until the stop signal.
    public func run() {
        var next = StoreWatch.alarmAfter
        while !stop.isRequested {
            stop.wait(milliseconds: StoreWatch.interval)
            let silence = activity.silence
            if silence > next {
                logger.warning(
                    "the store does not answer; the journal keeps new messages",
                    metadata: ["seconds": "\(silence / 1_000)", "pending": "\(metrics.snapshot.pending)"])
                next = silence + min(silence, StoreWatch.longestPause)
            } else if silence < StoreWatch.alarmAfter, next > StoreWatch.alarmAfter {
                next = StoreWatch.alarmAfter
                logger.notice("the store answers again")
            }
        }
    }
}
