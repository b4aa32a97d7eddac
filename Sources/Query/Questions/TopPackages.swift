import Record
import Store

/// The most used packages: the question of the SciPy 2021 paper's first figure.
///
/// Each user counts once, and each (job, package) pair counts once. Node hours are those of the jobs that used the
/// package, each job once, by Slurm's elapsed time if known, and otherwise from the first to the last sign of life.
public struct TopPackages: Sendable, Equatable {
    public enum Order: String, CaseIterable, Sendable {
        case users, jobs, processes
        case nodeHours = "node-hours"
    }

    public struct Row: Sendable, Equatable {
        public let package: String
        public let users: Int64
        public let jobs: Int64
        public let processes: Int64
        public let nodeSeconds: Int64

        public var nodeHours: Double { Double(nodeSeconds) / 3_600 }
    }

    public let rows: [Row]
    /// The order of the rows.
    public let order: Order

    /// - Parameter limit: the largest number of rows; nil for all.
    public static func ask(
        _ connection: any SQLConnection, _ filter: UsageFilter, by order: Order = .users, limit: Int? = nil
    ) throws(StoreError) -> TopPackages {
        let packages = try StackGroups.packages(connection, filter)
        var uses = UserStackSums()
        var count = JobCount(withTime: true)
        try UsageScan(connection, filter).days(count.columns.union([.user, .processes])) { rows, kept in
            uses.add(rows, packages.places(kept, rows[.stack]), key: rows[.stack])
            count.add(rows, kept)
        }
        let jobs = JobGroups(count, packages)
        var nodeSeconds = [Int64](repeating: 0, count: jobs.names.count)
        for group in jobs.groups { for place in group.packages { nodeSeconds[place] &+= group.nodeSeconds } }
        let times = Dictionary(zip(packages.groups, nodeSeconds)) { first, _ in first }
        let rows = packages.tallies(uses, count.jobs, leastUsers: filter.leastUsers).map { name, tally in
            Row(
                package: name.string, users: tally.users, jobs: tally.jobs, processes: tally.processes,
                nodeSeconds: times[name] ?? 0)
        }
        let sorted = rows.sorted { left, right in
            let (one, other) = (left.value(order), right.value(order))
            return one == other ? byBytes(left.package, right.package) : one > other
        }
        return TopPackages(rows: sorted.limited(to: limit), order: order)
    }
}

extension TopPackages.Row {
    fileprivate func value(_ order: TopPackages.Order) -> Int64 {
        switch order {
        case .users: users
        case .jobs: jobs
        case .processes: processes
        case .nodeHours: nodeSeconds
        }
    }
}

extension TopPackages {
    private static let fields: [Field<Row>] = [
        .text("package") { $0.package }, .count("users", of: .users) { $0.users },
        .count("jobs", of: .jobs) { $0.jobs },
        .count("processes", of: .processes) { $0.processes }, .number("node_hours", of: .nodeHours) { $0.nodeHours },
    ]

    public var answer: Answer { Answer(rows, TopPackages.fields, measure: order.unit) }
}

extension TopPackages.Order {
    fileprivate var unit: Column.Unit {
        switch self {
        case .users: .users
        case .jobs: .jobs
        case .processes: .processes
        case .nodeHours: .nodeHours
        }
    }
}
