/// What has been asked of the batch system since the daemon's start.
public struct JobMetrics: Sendable, Equatable {
    public var sweeps: UInt64 = 0
    /// Calls for the jobs that run, and for those that have ended.
    public var queueCalls: UInt64 = 0
    public var accountingCalls: UInt64 = 0
    public var failures: UInt64 = 0
    /// Starts of jobs whose last word is not known, at the last sweep.
    public var open: UInt64 = 0
    /// Microseconds since 1970 UTC; 0 before the first sweep that went through.
    public var lastSweep: Int64 = 0

    public init() {}
}

/// What canaries say of the last 30 days.
public struct CanaryMetrics: Sendable, Equatable {
    /// Nil where none has come to its end.
    public var loss: Double?
    public var lossUpper95: Double?
    /// When the newest run was sent out of which all has come, microseconds since 1970 UTC; nil where there is none.
    public var lastComplete: Int64?
    /// Runs by state.
    public var states: [String: UInt64] = [:]

    public init() {}
}
