/// The users, jobs, processes and node time of usage, each counted once.
public struct UsageTotals: Sendable, Equatable {
    public var users: Int64 = 0
    public var jobs: Int64 = 0
    public var processes: Int64 = 0
    /// Of the jobs, each once: nodes times the elapsed time by Slurm, or else from the first to the last sign of life.
    public var nodeSeconds: Int64 = 0

    public init(users: Int64 = 0, jobs: Int64 = 0, processes: Int64 = 0, nodeSeconds: Int64 = 0) {
        self.users = users
        self.jobs = jobs
        self.processes = processes
        self.nodeSeconds = nodeSeconds
    }

    public var nodeHours: Double { Double(nodeSeconds) / 3_600 }
}

/// The order of an answer's rows: the largest first.
public enum UsageOrder: String, CaseIterable, Sendable {
    case users, jobs, processes
    case nodeHours = "node-hours"

    var unit: Column.Unit {
        switch self {
        case .users: .users
        case .jobs: .jobs
        case .processes: .processes
        case .nodeHours: .nodeHours
        }
    }
}

extension UsageTotals {
    func value(_ order: UsageOrder) -> Int64 {
        switch order {
        case .users: users
        case .jobs: jobs
        case .processes: processes
        case .nodeHours: nodeSeconds
        }
    }

    /// The columns of an answer that has totals in each row.
    static func fields<Row>(_ totals: @escaping @Sendable (Row) -> UsageTotals) -> [Field<Row>] {
        [
            .count("users", of: .users) { totals($0).users }, .count("jobs", of: .jobs) { totals($0).jobs },
            .count("processes", of: .processes) { totals($0).processes },
            .number("node_hours", of: .nodeHours) { totals($0).nodeHours },
        ]
    }
}
