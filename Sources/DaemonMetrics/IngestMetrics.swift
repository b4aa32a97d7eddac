import Record
import Synchronization

/// The daemon's counts for `/metrics`, `/healthz` and the log. They last as long as the process; the store has the
/// lasting ones.
///
/// They are written once a batch, never once a datagram, so a lock costs nothing.
public final class IngestMetrics: Sendable {
    /// The values at one moment.
    public struct Snapshot: Sendable, Equatable {
        /// Counts since the daemon's start, by the names of `IngestCounters`.
        public var counters = IngestCounters()
        /// Messages received since the journal began, and those that the store is known to have.
        public var received: UInt64 = 0
        public var settled: UInt64 = 0
        public var journalBytes: UInt64 = 0
        public var batches: UInt64 = 0
        /// Attempts to write that the store refused or did not answer.
        public var storeFailures: UInt64 = 0
        public var storeUnavailable = true
        /// The time for which the store has not answered the present statement, milliseconds; 0 without one.
        public var storeSilence = 0
        /// When the writer last got on: the store has taken a batch, or the count of received messages. Milliseconds of
        /// the monotonic clock; 0 before the first time.
        public var lastProgress = 0
        /// The time since then, milliseconds.
        public var writerSilence = 0
        /// The arrival of the oldest message that the store is not known to have, microseconds since 1970 UTC.
        public var oldestPending: Int64?
        /// The time for which the oldest pending message has waited.
        public var oldestPendingSeconds = 0.0
        /// Messages since the daemon's start, by the scheme of the address: `udp`, `unixgram`, `tcp`, `tls`.
        public var transports: [String: TransportCounts] = [:]
        /// Open stream connections.
        public var connections: UInt64 = 0
        /// Connections that the daemon refused or closed, by reason.
        public var refusedConnections: [String: UInt64] = [:]
        /// Open connections over HTTP, and those that the daemon closed, by reason.
        public var webConnections: UInt64 = 0
        public var endedWebConnections: [WebConnectionEnd: UInt64] = [:]
        /// Log lines dropped because standard error was not read.
        public var droppedLogLines: UInt64 = 0
        public var jobs = JobMetrics()
        /// Nil if canaries are off.
        public var canaries: CanaryMetrics?
        /// Hosts with a record in the last 7 days, and those of the last 30 days that have none since; nil before they
        /// were counted.
        public var heardHosts: UInt64?
        public var silentHosts: UInt64?
        /// Microseconds since 1970 UTC; 0 before the first record.
        public var lastRecord: Int64 = 0

        public init() {}

        /// Without an answer to a statement for this long the store counts as away, milliseconds.
        public static let statementAlarm = 5_000
        /// So it does if the writer has not got on for this long, although each statement is answered in time. At rest
        /// it tells the store once a second what was received.
        public static let progressAlarm = 8_000

        /// Notes how long the store and the writer have been silent, which a thread that hangs cannot note itself.
        ///
        /// - Parameters:
        ///   - storeSilence: the age of the present statement, milliseconds; 0 without one.
        ///   - now: milliseconds of the monotonic clock.
        public mutating func watch(storeSilence: Int, now: Int) {
            self.storeSilence = storeSilence
            writerSilence = lastProgress == 0 ? 0 : max(0, now - lastProgress)
            if storeSilence > Snapshot.statementAlarm || writerSilence > Snapshot.progressAlarm {
                storeUnavailable = true
            }
        }

        public var pending: UInt64 { received >= settled ? received - settled : 0 }
    }

    private let state = Mutex(Snapshot())
    private let observer = Mutex<(@Sendable (inout Snapshot) -> Void)?>(nil)

    public init() {}

    /// The present values.
    public var snapshot: Snapshot {
        var snapshot = state.withLock { $0 }
        // after the counts were copied, so that there is nothing stored that was not received
        if let observe = observer.withLock({ $0 }) { observe(&snapshot) }
        return snapshot
    }

    /// Makes `snapshot` call `observe` for values that are looked up when they are asked for. Values that a thread
    /// notes would stand still if the thread hangs.
    public func observe(by observe: @escaping @Sendable (inout Snapshot) -> Void) {
        observer.withLock { $0 = observe }
    }

    public func update(_ change: (inout sending Snapshot) -> Void) {
        state.withLock { change(&$0) }
    }
}

/// The reason for which the daemon closed a connection over HTTP; the raw values name counters.
public enum WebConnectionEnd: String, Sendable, CaseIterable {
    case timeout
    case tooMany = "too_many"
}

/// Messages and bytes of one transport.
public struct TransportCounts: Sendable, Equatable {
    public private(set) var accepted: UInt64 = 0
    public private(set) var rejected: UInt64 = 0

    public init() {}

    public mutating func add(accepted: UInt64, rejected: UInt64) {
        self.accepted += accepted
        self.rejected += rejected
    }
}
