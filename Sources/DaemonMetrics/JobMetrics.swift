/// Counts of the questions to the batch system since the daemon's start.
public struct JobMetrics: Sendable, Equatable {
    public var sweeps: UInt64 = 0
    /// Calls for running jobs, and for ended ones.
    public var queueCalls: UInt64 = 0
    public var accountingCalls: UInt64 = 0
    public var failures: UInt64 = 0
    /// Starts of jobs without final data at the last sweep.
    public var open: UInt64 = 0
    /// Microseconds since 1970 UTC; 0 before the first complete sweep.
    public var lastSweep: Int64 = 0

    public init() {}
}

/// Results of the canaries of the last 30 days.
public struct CanaryMetrics: Sendable, Equatable {
    /// Nil if no batch has ended.
    public var loss: Double?
    public var lossUpper95: Double?
    /// The time when the newest batch without loss was submitted, microseconds since 1970 UTC; nil if there is none.
    public var lastComplete: Int64?
    /// Batches by state.
    public var states: [String: UInt64] = [:]

    public init() {}
}
