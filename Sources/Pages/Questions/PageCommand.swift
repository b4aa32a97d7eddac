import Query

/// The commands whose answers pages show. The raw value is the name in a page's address.
public enum PageCommand: String, CaseIterable, Sendable {
    case summary, top, package, job, user, jobsizes, correlate, environments, stacks, trend, versions, new, python,
        ended, who, hosts, health
    case canaries

    /// As the command line names it.
    public var words: [String] { self == .canaries ? ["canary", "status"] : [rawValue] }

    /// The number of its arguments.
    public var arguments: ClosedRange<Int> {
        switch self {
        case .package, .job, .user, .versions: 1...1
        case .trend: 1...20
        case .who, .correlate, .jobsizes, .ended: 0...1
        default: 0...0
        }
    }

    /// Options of its own, which pages may give. An option that reads a file or starts a program is not among them.
    public var ownOptions: Set<String> {
        switch self {
        case .top: ["per", "by", "package", "against", "shares"]
        case .summary: ["against"]
        case .correlate: ["package", "min"]
        case .jobsizes, .ended: ["package"]
        case .versions: ["older-than"]
        case .who: ["older-than", "by"]
        case .hosts: ["silent"]
        case .job: ["cluster", "day"]
        case .health: ["claims"]
        case .canaries: ["by", "run"]
        case .environments: ["kinds"]
        case .package, .user, .stacks, .trend, .new, .python: []
        }
    }

    /// The options that it shares with other questions.
    public var sharedOptions: Set<QuestionOption> {
        let period: Set<QuestionOption> = [.since, .until, .month, .zone]
        let selection = period.union([
            .system, .subsystem, .account, .partition, .qos, .project, .pi, .field, .department, .gpu, .cpu, .python,
            .prefix, .compute, .login, .vouched,
        ])
        let publication: Set<QuestionOption> = [.isPublic, .minUsers]
        switch self {
        case .job: return []
        case .health: return [.limit]
        case .hosts, .canaries: return period.union([.limit])
        case .summary: return selection.union([.user, .includeStaff, .direct])
        case .user: return selection.union([.direct, .limit])
        case .who: return selection.union([.user, .includeStaff, .direct, .limit])
        case .environments, .python: return selection.union(publication).union([.user, .includeStaff, .limit])
        case .top, .package, .jobsizes, .correlate, .stacks, .trend, .versions, .new, .ended:
            return selection.union(publication).union([.user, .includeStaff, .direct, .limit])
        }
    }

    /// Whether its answer has rows that `columns` and `sort` shape.
    var hasShape: Bool {
        switch self {
        case .summary, .package, .job, .user, .health, .canaries: false
        default: true
        }
    }

    /// Whether its answer may have the envelope.
    var hasEnvelope: Bool {
        switch self {
        case .summary, .job, .health, .canaries: false
        default: true
        }
    }

    /// The names of all options that pages may give.
    var options: Set<String> {
        var names = ownOptions.union(sharedOptions.map { $0.rawValue })
        if hasShape { names.formUnion(["columns", "sort"]) }
        if hasEnvelope { names.insert("envelope") }
        return names
    }

    /// Whether an option has no value.
    public static func isFlag(_ name: String) -> Bool {
        QuestionOption(rawValue: name)?.isFlag ?? ["shares", "claims", "kinds", "envelope"].contains(name)
    }
}
