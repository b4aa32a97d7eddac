import Record

/// Where facts of jobs come from. Calls block; one thread uses a source.
public protocol JobSource: AnyObject {
    /// The jobs that hold nodes now, by one call.
    func running() throws(SlurmError) -> [JobFacts]

    /// All starts of the jobs with these numbers that the accounting knows, by one call.
    func accounted(_ jobs: [String]) throws(SlurmError) -> [JobFacts]
}

/// What has been asked of Slurm since the daemon's start.
public struct SlurmCalls: Sendable, Equatable {
    public var running: UInt64 = 0
    public var accounted: UInt64 = 0
    public var failed: UInt64 = 0

    public init() {}
}
