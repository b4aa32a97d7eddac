import DaemonMetrics
import Logging
import Store
import SystemClock
import Threads

/// Says so when the store does not answer: the thread that asked it cannot.
public final class StoreWatch {
    private let activity: StoreActivity
    private let metrics: IngestMetrics
    private let stop: StopSignal
    private let logger: Logger

    /// After so many milliseconds without an answer the store counts as away.
    public static let patience = 5_000
    /// Between looks, milliseconds.
    private static let interval = 500
    /// Between complaints about one statement, milliseconds.
    private static let longestPause = 60_000

    public init(activity: StoreActivity, metrics: IngestMetrics, stop: StopSignal, logger: Logger) {
        self.activity = activity
        self.metrics = metrics
        self.stop = stop
        self.logger = logger
    }

    /// Runs until the stop signal.
    public func run() {
        var next = StoreWatch.patience
        while !stop.isRequested {
            stop.wait(milliseconds: StoreWatch.interval)
            let silence = activity.silence
            if silence > next {
                logger.warning(
                    "the store does not answer; the journal keeps what comes",
                    metadata: ["seconds": "\(silence / 1_000)", "pending": "\(metrics.snapshot.pending)"])
                next = silence + min(silence, StoreWatch.longestPause)
            } else if silence < StoreWatch.patience, next > StoreWatch.patience {
                next = StoreWatch.patience
                logger.notice("the store has answered")
            }
        }
    }
}

/// Ends the statement that keeps the daemon from ending: by asking the server for it, then by breaking the connection. In the
/// end it is left alone, for what was to be written is in the journal.
public struct StatementEnd {
    private enum Step {
        case waits, isAsked, isBroken
    }

    private let activity: StoreActivity
    private let logger: Logger
    private var step = Step.waits
    private var since = 0

    /// How old a statement may become once the daemon is to end, milliseconds.
    private static let patience = 4_000
    /// How long each way to end it may take, milliseconds.
    private static let wait = 1_500

    public init(_ activity: StoreActivity, logger: Logger) {
        self.activity = activity
        self.logger = logger
    }

    /// To be called again and again.
    ///
    /// - Returns: false once nothing has helped.
    public mutating func goesOn() -> Bool {
        let now = steadyMilliseconds()
        switch step {
        case .waits where activity.silence > StatementEnd.patience:
            logger.warning(
                "the store does not answer; its statement is cancelled, and the journal keeps what was to be written")
            // a server that hangs may not answer this either
            startThread("cancel") { [activity] in activity.cancel() }
            step = .isAsked
            since = now
        case .isAsked where now - since > StatementEnd.wait:
            activity.sever()
            step = .isBroken
            since = now
        case .isBroken where now - since > StatementEnd.wait: return false
        default: break
        }
        return true
    }
}
