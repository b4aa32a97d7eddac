import Record
import Store

/// Users and jobs of packages, month by month.
public struct PackageTrend: Sendable, Equatable {
    public struct Row: Sendable, Equatable {
        public let package: String
        /// `2026-11`; a month without use has no row.
        public let month: String
        /// nil for an account's usage in a month whose runs were pruned: only the runs tell an account's users.
        public let users: Int64?
        public let jobs: Int64
    }

    /// By package in the requested order, then by month.
    public let rows: [Row]

    /// - Parameter limit: the newest months of each package; nil for all.
    public static func ask(
        _ connection: any SQLConnection, _ filter: UsageFilter, packages: [String], limit: Int? = nil
    ) throws(StoreError) -> PackageTrend {
        var trends: [(package: String, stacks: StackGroups<[SQLValue]>, use: MonthlyUse)] = []
        for package in packages {
            let stacks = try UsageGrouping.use(of: package, filter, by: ["p.name"]).stackGroups(connection)
            trends.append((package, stacks, MonthlyUse()))
        }
        try UsageScan(connection, filter).days(MonthlyUse.columns.union([.stack])) { rows, kept in
            for place in trends.indices {
                trends[place].use.add(rows, trends[place].stacks.places(kept, rows[.stack]))
            }
        }
        var rows: [Row] = []
        for (package, _, use) in trends {
            let pruned = try prunedJobs(connection, filter, package: package)
            rows += use.months(pruned: pruned, filter).suffix(limit ?? .max).map {
                Row(package: package, month: $0.month, users: $0.users, jobs: $0.jobs)
            }
        }
        return PackageTrend(rows: rows)
    }

    /// Jobs of pruned runs, by month. If the filter cuts a month, all of the month's jobs count, because their days are
    /// unknown.
    static func prunedJobs(
        _ connection: any SQLConnection, _ filter: UsageFilter, package: String
    ) throws(StoreError) -> [String: Int64] {
        let (condition, parameters) = try filter.prunedCondition(on: connection)
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

    private static let fields: [Field<Row>] = [
        .text("package") { $0.package }, .month("month") { $0.month }, .count("users", of: .users) { $0.users },
        .count("jobs", of: .jobs) { $0.jobs },
    ]

    public var answer: Answer { Answer(rows, PackageTrend.fields, measure: .jobs) }
}
