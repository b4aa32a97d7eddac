import Record
import Synchronization

/// What the daemon counts while it lives, for `/metrics`, `/healthz` and the log. The store holds the counts that last.
///
/// Written once a batch, never once a datagram, so a lock is no cost.
public final class IngestMetrics: Sendable {
    /// One moment's values.
    public struct Snapshot: Sendable, Equatable {
        /// Counts since the daemon's start, by the names of `IngestCounters`.
        public var counters = IngestCounters()
        /// Messages received since the journal began, and those of them that the store has, as far as that is known.
        public var received: UInt64 = 0
        public var settled: UInt64 = 0
        public var journalBytes: UInt64 = 0
        public var batches: UInt64 = 0
        /// Attempts to write that the store refused or did not answer.
        public var storeFailures: UInt64 = 0
        public var storeIsAway = true
        /// For how long the store has not answered the statement at hand, milliseconds; 0 where there is none.
        public var storeSilence = 0
        /// The arrival of the oldest message that the store has not, as far as that is known, microseconds since 1970 UTC.
        public var oldestPending: Int64?
        /// For how long that one has waited.
        public var oldestPendingSeconds = 0.0
        /// What came since the daemon's start, by the beginning of the address: `udp`, `unixgram`, `tcp`, `tls`.
        public var transports: [String: TransportCounts] = [:]
        /// Connections of streams that stand.
        public var connections: UInt64 = 0
        /// Connections that were not let in or were ended from this side, by reason.
        public var refusedConnections: [String: UInt64] = [:]
        /// Connections over HTTP that stand, and those that the daemon closed, by reason.
        public var webConnections: UInt64 = 0
        public var endedWebConnections: [WebConnectionEnd: UInt64] = [:]
        /// Log lines dropped because standard error was not read.
        public var droppedLogLines: UInt64 = 0
        public var jobs = JobMetrics()
        /// Nil where no canaries are sent out.
        public var canaries: CanaryMetrics?
        /// Microseconds since 1970 UTC; 0 before the first record.
        public var lastRecord: Int64 = 0

        public init() {}

        public var pending: UInt64 { received >= settled ? received - settled : 0 }
    }

    private let state = Mutex(Snapshot())
    private let observer = Mutex<(@Sendable (inout Snapshot) -> Void)?>(nil)

    public init() {}

    /// The values as they are now.
    public var snapshot: Snapshot {
        var snapshot = state.withLock { $0 }
        // after what was noted: so nothing is stored that has not been received
        if let observe = observer.withLock({ $0 }) { observe(&snapshot) }
        return snapshot
    }

    /// From now on `observe` sets, whenever somebody asks, what is to be looked up rather than noted: what was noted last
    /// stands still with the thread that notes it.
    public func observe(by observe: @escaping @Sendable (inout Snapshot) -> Void) {
        observer.withLock { $0 = observe }
    }

    public func update(_ change: (inout sending Snapshot) -> Void) {
        state.withLock { change(&$0) }
    }
}

/// Why the daemon closed a connection over HTTP; the raw values name counters.
public enum WebConnectionEnd: String, Sendable, CaseIterable {
    case timeout
    case tooMany = "too_many"
}

/// What came by one transport.
public struct TransportCounts: Sendable, Equatable {
    public private(set) var accepted: UInt64 = 0
    public private(set) var rejected: UInt64 = 0

    public init() {}

    public mutating func add(accepted: UInt64, rejected: UInt64) {
        self.accepted += accepted
        self.rejected += rejected
    }
}
