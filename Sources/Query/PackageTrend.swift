import Store

/// Users and jobs of packages, month by month.
public struct PackageTrend: Sendable, Equatable {
    public struct Row: Sendable, Equatable {
        public let package: String
        /// `2026-11`; a month without use has no row.
        public let month: String
        public let users: Int64
        public let jobs: Int64
    }

    /// By package in the order asked for, then by month.
    public let rows: [Row]

    /// - Parameter limit: the newest months of each package; nil for all.
    public static func ask(
        _ connection: any SQLConnection, _ filter: UsageFilter, packages: [String], limit: Int? = nil
    ) throws(StoreError) -> PackageTrend {
        var rows: [Row] = []
        for package in packages {
            var grouping = UsageGrouping.use(of: package, filter, by: ["r.month"])
            grouping.keys.append(("month", connection.dialect.month(of: "r.day")))
            let pruned = try prunedJobs(connection, filter, package: package)
            let months = try grouping.tallies(connection, filter).map { key, tally in
                let month = key[0].text ?? ""
                return Row(package: package, month: month, users: tally.users, jobs: tally.jobs + (pruned[month] ?? 0))
            }
            rows += months.sorted { $0.month < $1.month }.suffix(limit ?? .max)
        }
        return PackageTrend(rows: rows)
    }

    /// Jobs by month whose runs have been pruned. Of a month that the filter cuts they all count, for nobody knows their days
    /// any more.
    private static func prunedJobs(
        _ connection: any SQLConnection, _ filter: UsageFilter, package: String
    ) throws(StoreError) -> [String: Int64] {
        let (condition, parameters) = filter.prunedCondition
        var jobs: [String: Int64] = [:]
        for row in try connection.query(
            """
            SELECT m.month, sum(r.jobs) FROM pruned_jobs r JOIN months m ON m.first_day = r.month
                JOIN packages p ON p.id = r.package
            WHERE p.name = ? AND r.direct = \(filter.onlyDirect ? 1 : 0)\(condition) GROUP BY m.month
            """, [.text(package)] + parameters)
        { jobs[row[0].text ?? ""] = row[1].integer ?? 0 }
        return jobs
    }

    public var json: JSON {
        .array(
            rows.map {
                .object([
                    "package": .text($0.package), "month": .text($0.month), "users": .integer($0.users),
                    "jobs": .integer($0.jobs),
                ])
            })
    }
}
