import Record
import Store

/// All that is told of one package.
public struct PackageReport: Sendable, Equatable {
    public struct Version: Sendable, Equatable {
        /// nil where hooks could not tell it.
        public let version: String?
        public let users: Int64
        public let jobs: Int64
    }

    public struct Month: Sendable, Equatable {
        /// `2026-11`
        public let month: String
        public let users: Int64
        public let jobs: Int64
    }

    public struct JobSize: Sendable, Equatable {
        /// nil where nobody said.
        public let nodes: Int64?
        public let jobs: Int64
    }

    public struct Companion: Sendable, Equatable {
        public let package: String
        /// Jobs in which both were used.
        public let jobs: Int64
        /// Pearson's correlation of the two 0/1 vectors over all jobs (SciPy 2021 paper, figure 4); nil where one of them is
        /// constant.
        public let pearson: Double?
    }

    public let package: String
    public let users: Int64
    public let jobs: Int64
    public let processes: Int64
    /// Microseconds since 1970 UTC; nil if it was never seen.
    public let firstSeen: Int64?
    public let lastSeen: Int64?
    public let versions: [Version]
    public let months: [Month]
    public let jobSizes: [JobSize]
    public let companions: [Companion]

    /// - Parameter companionLimit: the most packages to name in `companions`.
    public static func ask(
        _ connection: any SQLConnection, _ filter: UsageFilter, package: String, companionLimit: Int = 20
    ) throws(StoreError) -> PackageReport {
        let (condition, parameters) = filter.condition(in: connection.dialect)
        let direct = filter.packageCondition
        let uses = """
            FROM runs r JOIN stack_packages sp ON sp.stack = r.stack JOIN packages p ON p.id = sp.package
            """
        let named = [SQLValue.text(package)] + parameters
        let total = try connection.query(
            """
            SELECT count(DISTINCT NULLIF(r.usr, 0)), count(DISTINCT NULLIF(r.job, 0)), sum(r.processes),
                min(r.first_seen), max(r.last_seen) \(uses) WHERE p.name = ?\(direct)\(condition)
            """, named)
        let versions = try connection.query(
            """
            SELECT sp.version, count(DISTINCT NULLIF(r.usr, 0)) AS users, count(DISTINCT NULLIF(r.job, 0)) AS jobs
            \(uses) WHERE p.name = ?\(direct)\(condition)
            GROUP BY sp.version ORDER BY users DESC, jobs DESC, COALESCE(sp.version, ''), sp.version IS NULL
            """, named)
        // each day's month is looked up once: runs are many, days are few
        let months = try connection.query(
            """
            WITH used AS MATERIALIZED (SELECT DISTINCT r.day, r.usr, r.job \(uses) WHERE p.name = ?\(direct)\(condition)),
            day_months AS MATERIALIZED (
                SELECT d.day, m.month FROM (SELECT DISTINCT day FROM used) d
                    JOIN months m ON d.day >= m.first_day AND d.day < m.next_day)
            SELECT d.month, count(DISTINCT NULLIF(u.usr, 0)), count(DISTINCT NULLIF(u.job, 0))
            FROM used u JOIN day_months d ON d.day = u.day GROUP BY d.month ORDER BY d.month
            """, named)
        let sizes = try connection.query(
            """
            SELECT j.num_nodes, count(DISTINCT j.id)
            \(uses) JOIN jobs j ON j.id = r.job WHERE r.job <> 0 AND p.name = ?\(direct)\(condition)
            GROUP BY j.num_nodes ORDER BY COALESCE(j.num_nodes, -1)
            """, named)
        let row = total.first ?? []
        return PackageReport(
            package: package, users: row[0].integer ?? 0, jobs: row[1].integer ?? 0, processes: row[2].integer ?? 0,
            firstSeen: row[3].integer, lastSeen: row[4].integer,
            versions: versions.map {
                Version(version: $0[0].text, users: $0[1].integer ?? 0, jobs: $0[2].integer ?? 0)
            },
            months: months.map {
                Month(month: $0[0].text ?? "", users: $0[1].integer ?? 0, jobs: $0[2].integer ?? 0)
            },
            jobSizes: sizes.map { JobSize(nodes: $0[0].integer, jobs: $0[1].integer ?? 0) },
            companions: try companions(connection, filter, package: package, limit: companionLimit))
    }

    private static func companions(
        _ connection: any SQLConnection, _ filter: UsageFilter, package: String, limit: Int
    ) throws(StoreError) -> [Companion] {
        let (condition, parameters) = filter.condition(in: connection.dialect)
        let rows = try connection.query(
            """
            WITH job_packages AS MATERIALIZED (
                SELECT DISTINCT r.job, sp.package FROM runs r JOIN stack_packages sp ON sp.stack = r.stack
                WHERE r.job <> 0\(filter.packageCondition)\(condition)),
            with_package AS MATERIALIZED (
                SELECT job FROM job_packages WHERE package = (SELECT id FROM packages WHERE name = ?)),
            shared AS (
                SELECT package, count(*) AS jobs FROM job_packages
                WHERE job IN (SELECT job FROM with_package) GROUP BY package),
            totals AS (SELECT package, count(*) AS jobs FROM job_packages GROUP BY package)
            SELECT p.name, s.jobs, t.jobs,
                (SELECT count(*) FROM with_package),
                (SELECT count(DISTINCT r.job) FROM runs r WHERE r.job <> 0\(condition))
            FROM shared s JOIN totals t ON t.package = s.package JOIN packages p ON p.id = s.package
            WHERE p.name <> ? ORDER BY s.jobs DESC, p.name LIMIT \(limit)
            """, parameters + [.text(package)] + parameters + [.text(package)])
        return rows.map { row in
            let both = row[1].integer ?? 0
            return Companion(
                package: row[0].text ?? "", jobs: both,
                pearson: pearson(
                    both: both, first: row[3].integer ?? 0, second: row[2].integer ?? 0, all: row[4].integer ?? 0))
        }
    }
}

/// Pearson's correlation coefficient of two 0/1 vectors, from counts; nil where one of them is constant.
func pearson(both: Int64, first: Int64, second: Int64, all: Int64) -> Double? {
    let n = Double(all)
    let x = Double(first)
    let y = Double(second)
    let spread = ((x * (n - x)) * (y * (n - y))).squareRoot()
    guard spread > 0 else { return nil }
    let value = (n * Double(both) - x * y) / spread
    // beyond the twelfth digit there is noise; and zero has no sign
    return (value * 1e12).rounded() / 1e12 + 0
}
