/// The users, jobs, processes and node time of usage, each counted once.
public struct UsageTotals: Sendable, Equatable {
    public var users: Int64 = 0
    public var jobs: Int64 = 0
    public var processes: Int64 = 0
    /// Of the jobs, each once: nodes times the elapsed time by Slurm, or else from the first to the last sign of life.
    public var nodeSeconds: Int64 = 0
    /// Of the jobs, each once: allocated CPUs, or GPUs, times the elapsed time by Slurm. nil if it is known of none.
    public var coreSeconds: Int64?
    public var gpuSeconds: Int64?

    public init(
        users: Int64 = 0, jobs: Int64 = 0, processes: Int64 = 0, nodeSeconds: Int64 = 0, coreSeconds: Int64? = nil,
        gpuSeconds: Int64? = nil
    ) {
        self.coreSeconds = coreSeconds
        self.gpuSeconds = gpuSeconds
        self.users = users
        self.jobs = jobs
        self.processes = processes
        self.nodeSeconds = nodeSeconds
    }

    public var nodeHours: Double { Double(nodeSeconds) / 3_600 }
    public var coreHours: Double? { coreSeconds.map { Double($0) / 3_600 } }
    public var gpuHours: Double? { gpuSeconds.map { Double($0) / 3_600 } }
}

/// The order of an answer's rows: the largest first.
public enum UsageOrder: String, CaseIterable, Sendable {
    case users, jobs, processes
    case nodeHours = "node-hours"
    case coreHours = "core-hours"
    case gpuHours = "gpu-hours"

    var unit: Column.Unit {
        switch self {
        case .users: .users
        case .jobs: .jobs
        case .processes: .processes
        case .nodeHours: .nodeHours
        case .coreHours: .coreHours
        case .gpuHours: .gpuHours
        }
    }

    /// Whether it needs the time of CPUs and GPUs.
    var isOfDevices: Bool { self == .coreHours || self == .gpuHours }
}

extension UsageTotals {
    /// What is not known comes after everything else.
    func value(_ order: UsageOrder) -> Int64 {
        switch order {
        case .users: users
        case .jobs: jobs
        case .processes: processes
        case .nodeHours: nodeSeconds
        case .coreHours: coreSeconds ?? -1
        case .gpuHours: gpuSeconds ?? -1
        }
    }

    /// The columns of an answer that has totals in each row.
    ///
    /// - Parameter withDevices: whether the rows have the time of CPUs and GPUs.
    static func fields<Row>(
        withDevices: Bool = false, _ totals: @escaping @Sendable (Row) -> UsageTotals
    ) -> [Field<Row>] {
        let plain: [Field<Row>] = [
            .count("users", of: .users) { totals($0).users }, .count("jobs", of: .jobs) { totals($0).jobs },
            .count("processes", of: .processes) { totals($0).processes },
            .number("node_hours", of: .nodeHours) { totals($0).nodeHours },
        ]
        if !withDevices { return plain }
        return plain + [
            .number("core_hours", of: .coreHours) { totals($0).coreHours },
            .number("gpu_hours", of: .gpuHours) { totals($0).gpuHours },
        ]
    }
}
