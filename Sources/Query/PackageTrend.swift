import Record
import Store

/// Users and jobs of packages, month by month.
public struct PackageTrend: Sendable, Equatable {
    public struct Row: Sendable, Equatable {
        public let package: String
        /// `2026-11`; a month without use has no row.
        public let month: String
        /// nil where the month's runs have been pruned and nothing else tells users, of an account.
        public let users: Int64?
        public let jobs: Int64
    }

    /// By package in the order asked for, then by month.
    public let rows: [Row]

    /// - Parameter limit: the newest months of each package; nil for all.
    public static func ask(
        _ connection: any SQLConnection, _ filter: UsageFilter, packages: [String], limit: Int? = nil
    ) throws(StoreError) -> PackageTrend {
        var trends: [(package: String, stacks: Members<[SQLValue]>, use: MonthlyUse)] = []
        for package in packages {
            let stacks = try UsageGrouping.use(of: package, filter, by: ["p.name"]).members(connection)
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
            rows += use.rows(of: package, pruned: pruned, filter).suffix(limit ?? .max)
        }
        return PackageTrend(rows: rows)
    }

    /// Jobs by month whose runs have been pruned. Of a month that the filter cuts they all count, for nobody knows their days
    /// any more.
    static func prunedJobs(
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

/// The use of something, month by month.
struct MonthlyUse {
    static let columns: Set<DayRows.Column> = [.user, .processes, .job]

    private var uses = UseSums()
    private let jobs = JobSets()

    mutating func add(_ rows: DayRows, _ kept: [Int]) {
        let date = Calendar.date(days: rows.day)
        let month = Int64(date.year * 12 + date.month - 1)
        uses.add(rows, kept, key: month)
        jobs.add(rows, kept, key: month)
    }

    /// - Parameter pruned: jobs by month whose runs have been pruned.
    func rows(of package: String, pruned: [String: Int64], _ filter: UsageFilter) -> [PackageTrend.Row] {
        var members = Members<String>()
        for use in uses.entries {
            let day = Calendar.days(year: Int(use.key / 12), month: Int(use.key % 12) + 1, day: 1)
            members.add(use.key, to: String(Calendar.text(day: day).prefix(7)))
        }
        let tallies = members.tallies(uses, jobs, leastUsers: filter.leastUsers)
        var rows = tallies.map { month, tally in
            PackageTrend.Row(
                package: package, month: month, users: tally.users, jobs: tally.jobs + (pruned[month] ?? 0))
        }
        // the daily sums have every month that was pruned, but know nothing of accounts
        if filter.account != nil && filter.leastUsers == 0 {
            rows += pruned.filter { tallies[$0.key] == nil }.map {
                PackageTrend.Row(package: package, month: $0.key, users: nil, jobs: $0.value)
            }
        }
        return rows.sorted { $0.month < $1.month }
    }
}
