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
    static let columns: Set<DayRows.Column> = [.user, .job]

    /// By month: years since 0 times twelve, and the months before it in its year.
    private var users: [Int64: Flags] = [:]
    private let jobs = JobSets()

    mutating func add(_ rows: DayRows, _ kept: [Int]) {
        if kept.isEmpty { return }
        let date = Calendar.date(days: rows.day)
        let month = Int64(date.year * 12 + date.month - 1)
        let user = rows[.user]
        var known = users.removeValue(forKey: month) ?? Flags()
        for row in kept { known.set(user[row]) }
        users[month] = known
        jobs.add(rows, kept, key: month)
    }

    /// - Parameter pruned: jobs by month whose runs have been pruned.
    func rows(of package: String, pruned: [String: Int64], _ filter: UsageFilter) -> [PackageTrend.Row] {
        var counts: [Int64: Int64] = [:]
        for (set, count) in zip(jobs.sets, jobs.counts) { for month in set { counts[month, default: 0] += count } }
        var told: [String: PackageTrend.Row] = [:]
        for (month, known) in users {
            // nobody is no user
            let people = known.count - (known[0] ? 1 : 0)
            if people < filter.leastUsers { continue }
            let day = Calendar.days(year: Int(month / 12), month: Int(month % 12) + 1, day: 1)
            let name = String(Calendar.text(day: day).prefix(7))
            told[name] = PackageTrend.Row(
                package: package, month: name, users: people, jobs: (counts[month] ?? 0) + (pruned[name] ?? 0))
        }
        // the sums of what was pruned have every month, but know nothing of accounts
        if filter.account != nil && filter.leastUsers == 0 {
            for (month, jobs) in pruned where told[month] == nil {
                told[month] = PackageTrend.Row(package: package, month: month, users: nil, jobs: jobs)
            }
        }
        return told.values.sorted { $0.month < $1.month }
    }
}
