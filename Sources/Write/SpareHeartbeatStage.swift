import DaemonMetrics
import Store
import SystemClock
import Threads

/// Tells the store how much waits while the writer's own connection gets no answer, as far as the store lets it.
///
/// One thread runs it, with a connection of its own.
public struct SpareHeartbeatStage {
    private let spare: any SpareHeartbeat
    /// The journal's identity.
    private let source: String
    private let activity: StoreActivity
    private let metrics: IngestMetrics
    private let stop: StopSignal

    /// Between heartbeats, milliseconds.
    private static let interval = 1_000

    public init(
        _ spare: any SpareHeartbeat, source: String, activity: StoreActivity, metrics: IngestMetrics, stop: StopSignal
    ) {
        self.spare = spare
        self.source = source
        self.activity = activity
        self.metrics = metrics
        self.stop = stop
    }

    /// Runs until the stop signal.
    public func run() {
        while !stop.isRequested {
            stop.wait(milliseconds: SpareHeartbeatStage.interval)
            guard activity.silence > StoreWatch.alarmAfter else { continue }
            let seen = metrics.snapshot
            // a failure here is the store's silence once more, which `StoreWatch` logs
            try? spare.beat(
                source: source,
                Heartbeat(received: seen.received, now: wallClock(), oldestPending: seen.oldestPending))
        }
    }
}
