import Store

/// Users, processes and jobs of whatever a question groups usage by.
///
/// Users and processes come from the daily sums, whose cost does not grow with the number of records and which outlive the
/// runs; jobs come from the runs, which alone know them.
struct UsageTally: Sendable, Equatable {
    var users: Int64 = 0
    var processes: Int64 = 0
    var jobs: Int64 = 0
    /// Days since 1970-01-01 UTC.
    var firstDay: Int64 = 0
    var lastDay: Int64 = 0
}

/// What usage is grouped by, in SQL that fits the daily sums and the runs alike.
///
/// Both are first added up by what they have themselves (a stack, an environment) and by user or job, of which there are few
/// combinations; only those are joined to what the answer names. Users and jobs are counted by two groupings, one in the
/// other: counting different values within a grouping takes PostgreSQL several times as long.
struct UsageGrouping {
    /// What the rows of the daily sums and of the runs, called `r`, are first added up by: a name, and SQL.
    var keys = [(name: "stack", sql: "r.stack")]
    /// The condition on those rows, beginning with `AND`, or empty.
    var rowCondition = ""
    var rowParameters: [SQLValue] = []
    /// Common table expressions, after `WITH`.
    var expressions = ""
    var expressionParameters: [SQLValue] = []
    /// What the answer has a row for each of; `r` has the keys.
    var columns: [String]
    /// Joins that lead from `r` to the columns.
    let joins: String
    /// Beginning with `AND`, or empty.
    var condition = ""
    var parameters: [SQLValue] = []
    /// Without jobs the runs need not be asked.
    var countsJobs = true

    static let packages = "JOIN stack_packages sp ON sp.stack = r.stack JOIN packages p ON p.id = sp.package"
    static let environments = [(name: "environment", sql: "r.environment")]

    /// The use of one package.
    static func use(of package: String, _ filter: UsageFilter, by columns: [String]) -> UsageGrouping {
        UsageGrouping(
            rowCondition: """
                 AND r.stack IN (
                    SELECT sp.stack FROM stack_packages sp JOIN packages p ON p.id = sp.package WHERE p.name = ?)
                """,
            rowParameters: [.text(package)], columns: columns, joins: packages,
            condition: " AND p.name = ?\(filter.packageCondition)", parameters: [.text(package)])
    }

    /// The same usage by something else.
    func by(_ columns: [String]) -> UsageGrouping {
        var other = self
        other.columns = columns
        return other
    }

    func tallies(
        _ connection: any SQLConnection, _ filter: UsageFilter
    ) throws(StoreError) -> [[SQLValue]: UsageTally] {
        var tallies: [[SQLValue]: UsageTally] = [:]
        let summary = filter.summary(in: connection.dialect)
        let used = keys.filter { $0.name != "usr" } + [("usr", "r.usr")]
        for row in try connection.query(
            """
            WITH \(prefix)used AS (
                SELECT \(list(used)), sum(r.processes) AS processes, min(r.day) AS first_day, max(r.day) AS last_day
                FROM \(summary.table) r WHERE true\(rowCondition)\(summary.sql) GROUP BY \(expressions(used))),
            people AS (
                SELECT \(namedColumns), r.usr AS usr, sum(r.processes) AS processes, min(r.first_day) AS first_day,
                    max(r.last_day) AS last_day
                FROM used r \(joins) WHERE true\(condition) GROUP BY \(columns.joined(separator: ", ")), r.usr)
            SELECT \(columnNames), count(NULLIF(usr, 0)), sum(processes), min(first_day), max(last_day)
            FROM people GROUP BY \(columnNames)
            """, expressionParameters + rowParameters + summary.parameters + parameters)
        {
            let rest = row.dropFirst(columns.count).map { $0.integer ?? 0 }
            tallies[Array(row.prefix(columns.count))] = UsageTally(
                users: rest[0], processes: rest[1], firstDay: rest[2], lastDay: rest[3])
        }
        if filter.leastUsers > 0 { tallies = tallies.filter { $0.value.users >= filter.leastUsers } }
        guard countsJobs else { return tallies }
        let (sql, values) = filter.condition(in: connection.dialect)
        for row in try connection.query(
            """
            WITH \(prefix)used AS (
                SELECT DISTINCT \(list(keys)), r.job FROM runs r WHERE r.job <> 0\(rowCondition)\(sql)),
            jobs_used AS (SELECT DISTINCT \(namedColumns), r.job FROM used r \(joins) WHERE true\(condition))
            SELECT \(columnNames), count(*) FROM jobs_used GROUP BY \(columnNames)
            """, expressionParameters + rowParameters + values + parameters)
        {
            tallies[Array(row.prefix(columns.count))]?.jobs = row[columns.count].integer ?? 0
        }
        return tallies
    }

    private var prefix: String { expressions.isEmpty ? "" : expressions + ", " }
    private var columnNames: String { columns.indices.map { "c\($0)" }.joined(separator: ", ") }
    private var namedColumns: String {
        columns.enumerated().map { "\($1) AS c\($0)" }.joined(separator: ", ")
    }

    private func list(_ keys: [(name: String, sql: String)]) -> String {
        keys.map { "\($0.sql) AS \($0.name)" }.joined(separator: ", ")
    }

    private func expressions(_ keys: [(name: String, sql: String)]) -> String {
        keys.map { $0.sql }.joined(separator: ", ")
    }
}

/// Texts in the order of their bytes, the same everywhere.
func byBytes(_ left: String, _ right: String) -> Bool { left.utf8.lexicographicallyPrecedes(right.utf8) }

extension Array {
    func limited(to limit: Int?) -> [Element] { limit.map { Array(prefix($0)) } ?? self }
}
