import Store

/// The packages that are used most: the question of the SciPy 2021 paper's first figure.
///
/// Users are counted once each, jobs once for each (job, package); node hours are those of the jobs in which the package
/// was used, each job once, by Slurm's elapsed time where that is known and else from the first to the last sign of life.
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
    }

    public let rows: [Row]

    /// - Parameter limit: the most rows; nil for all.
    public static func ask(
        _ connection: any SQLConnection, _ filter: UsageFilter, by order: Order = .users, limit: Int? = nil
    ) throws(StoreError) -> TopPackages {
        let used = try UsageGrouping(
            columns: ["p.name"], joins: UsageGrouping.packages, condition: filter.packageCondition, countsJobs: false
        ).tallies(connection, filter)
        let jobs = try JobGroups.ask(connection, filter, withTime: true)
        var sums = [(jobs: Int64, nodeSeconds: Int64)](repeating: (0, 0), count: jobs.names.count)
        for group in jobs.groups {
            for place in group.packages {
                sums[place].jobs += group.jobs
                sums[place].nodeSeconds += group.nodeSeconds
            }
        }
        let times = Dictionary(zip(jobs.names, sums)) { first, _ in first }
        let rows = used.map { key, tally in
            let name = key[0].text ?? ""
            let time = times[name] ?? (0, 0)
            return Row(
                package: name, users: tally.users, jobs: time.jobs, processes: tally.processes,
                nodeSeconds: time.nodeSeconds)
        }
        let sorted = rows.sorted { left, right in
            let (one, other) = (left.value(order), right.value(order))
            return one == other ? byBytes(left.package, right.package) : one > other
        }
        return TopPackages(rows: sorted.limited(to: limit))
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

/// The node time of jobs, in whole node seconds, so that sums are exact and the same on every store.
enum JobTime {
    /// The most that a job is believed to have used, node seconds: 150,000 nodes for eleven weeks. Records are claims, and
    /// without a bound two of them would make sums that no store can hold.
    private static let most: Int64 = 1_000_000_000_000

    /// A SELECT of (job, node_seconds) over the jobs with runs that meet `condition`.
    static func sql(_ condition: String) -> String {
        """
        SELECT job, CASE WHEN claimed > \(most) THEN \(most) ELSE claimed END AS node_seconds FROM (
            SELECT r.job, COALESCE(j.num_nodes, 1)
                * COALESCE(j.elapsed_seconds, (max(r.last_seen) - min(r.started)) / 1000000) AS claimed
            FROM runs r JOIN jobs j ON j.id = r.job
            WHERE r.job <> 0\(condition) GROUP BY r.job, j.num_nodes, j.elapsed_seconds) claims
        """
    }
}
