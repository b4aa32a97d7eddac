/// What usage is grouped by: the thing that a row of the answer is about.
public enum UsageDimension: String, CaseIterable, Sendable {
    case package
    /// Facts about the job.
    case account, partition, qos, state, nodes
    /// What the job's account belongs to, by the site's file.
    case project, pi, field, department
    /// Facts about the environment of the interpreter; `environment` is its prefix.
    case system, subsystem, python, environment
    case user, month

    /// Whether it is a fact about jobs, which sums of pruned usage do not have.
    var isOfJob: Bool {
        switch self {
        case .account, .partition, .qos, .state, .nodes, .project, .pi, .field, .department: true
        case .package, .system, .subsystem, .python, .environment, .user, .month: false
        }
    }

    /// nil if it is none of what accounts belong to.
    public var accountProperty: AccountProperty? { AccountProperty(rawValue: rawValue) }
}
