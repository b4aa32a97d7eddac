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

/// What usage is grouped by, in SQL that fits the daily sums and the runs alike: both are called `r`.
struct UsageGrouping {
    /// Common table expressions, after `WITH`.
    var expressions = ""
    let columns: [String]
    /// Joins that lead from `r` to the columns.
    let joins: String
    /// Beginning with `AND`, or empty.
    var condition = ""
    /// Those of the expressions, then the joins, then the condition.
    var parameters: [SQLValue] = []
    /// Without jobs the runs need not be asked.
    var countsJobs = true

    static let packages = "JOIN stack_packages sp ON sp.stack = r.stack JOIN packages p ON p.id = sp.package"

    /// The same usage by something else.
    func by(_ columns: [String]) -> UsageGrouping {
        UsageGrouping(
            expressions: expressions, columns: columns, joins: joins, condition: condition, parameters: parameters,
            countsJobs: countsJobs)
    }

    func tallies(
        _ connection: any SQLConnection, _ filter: UsageFilter
    ) throws(StoreError) -> [[SQLValue]: UsageTally] {
        let list = columns.joined(separator: ", ")
        let with = expressions.isEmpty ? "" : "WITH \(expressions) "
        let summary = filter.summary(in: connection.dialect)
        var tallies: [[SQLValue]: UsageTally] = [:]
        for row in try connection.query(
            """
            \(with)SELECT \(list), count(DISTINCT NULLIF(r.usr, 0)), sum(r.processes), min(r.day), max(r.day)
            FROM \(summary.table) r \(joins) WHERE true\(condition)\(summary.sql) GROUP BY \(list)
            """, parameters + summary.parameters)
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
            \(with)SELECT \(list), count(DISTINCT r.job)
            FROM runs r \(joins) WHERE r.job <> 0\(condition)\(sql) GROUP BY \(list)
            """, parameters + values)
        {
            tallies[Array(row.prefix(columns.count))]?.jobs = row[columns.count].integer ?? 0
        }
        return tallies
    }
}

/// Texts in the order of their bytes, the same everywhere.
func byBytes(_ left: String, _ right: String) -> Bool { left.utf8.lexicographicallyPrecedes(right.utf8) }

extension Array {
    func limited(to limit: Int?) -> [Element] { limit.map { Array(prefix($0)) } ?? self }
}
