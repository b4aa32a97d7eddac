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
        /// Messages received since the journal began, and those of them that the store has.
        public var received: UInt64 = 0
        public var settled: UInt64 = 0
        public var journalBytes: UInt64 = 0
        public var batches: UInt64 = 0
        /// Attempts to write that the store refused or did not answer.
        public var storeFailures: UInt64 = 0
        public var storeIsAway = true
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
    }

    private let state = Mutex(Snapshot())

    public init() {}

    public var snapshot: Snapshot { state.withLock { $0 } }

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
