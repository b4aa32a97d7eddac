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
        let (condition, parameters) = filter.condition(in: connection.dialect)
        let column =
            switch order {
            case .users: "users"
            case .jobs: "jobs"
            case .processes: "processes"
            case .nodeHours: "node_seconds"
            }
        let rows = try connection.query(
            """
            WITH used AS (
                SELECT sp.package, r.usr, r.job, sum(r.processes) AS processes
                FROM runs r JOIN stack_packages sp ON sp.stack = r.stack
                WHERE true\(filter.packageCondition)\(condition) GROUP BY sp.package, r.usr, r.job),
            job_time AS (\(JobTime.sql(condition))),
            package_time AS (
                SELECT pj.package, sum(t.node_seconds) AS node_seconds
                FROM (SELECT DISTINCT package, job FROM used WHERE job <> 0) pj JOIN job_time t ON t.job = pj.job
                GROUP BY pj.package),
            counts AS (
                SELECT package, count(DISTINCT NULLIF(usr, 0)) AS users, count(DISTINCT NULLIF(job, 0)) AS jobs,
                    sum(processes) AS processes
                FROM used GROUP BY package)
            SELECT p.name, c.users, c.jobs, c.processes, COALESCE(t.node_seconds, 0) AS node_seconds
            FROM counts c JOIN packages p ON p.id = c.package LEFT JOIN package_time t ON t.package = c.package
            ORDER BY \(column) DESC, p.name\(limit.map { " LIMIT \($0)" } ?? "")
            """, parameters + parameters)
        return TopPackages(
            rows: rows.map {
                Row(
                    package: $0[0].text ?? "", users: $0[1].integer ?? 0, jobs: $0[2].integer ?? 0,
                    processes: $0[3].integer ?? 0, nodeSeconds: $0[4].integer ?? 0)
            })
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
