/// What usage is grouped by: the thing that a row of the answer is about.
public enum UsageDimension: String, CaseIterable, Sendable {
    case package
    /// Facts about the job.
    case account, partition, qos, state, nodes
    /// Facts about the environment of the interpreter; `environment` is its prefix.
    case system, subsystem, python, environment
    case user, month

    /// Whether it is a fact about jobs, which sums of pruned usage do not have.
    var isOfJob: Bool {
        switch self {
        case .account, .partition, .qos, .state, .nodes: true
        case .package, .system, .subsystem, .python, .environment, .user, .month: false
        }
    }
}
