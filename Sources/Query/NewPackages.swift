import Record
import Store

/// Packages that nobody had used before a day.
public struct NewPackages: Sendable, Equatable {
    public struct Row: Sendable, Equatable {
        public let package: String
        /// Days since 1970-01-01 UTC.
        public let firstDay: Int64
        public let users: Int64
        public let jobs: Int64
    }

    /// The newest first.
    public let rows: [Row]

    /// The filter's first day parts what is new from what was there; without one everything is new.
    public static func ask(
        _ connection: any SQLConnection, _ filter: UsageFilter, limit: Int? = nil
    ) throws(StoreError) -> NewPackages {
        var before = filter
        before.firstDay = nil
        before.lastDay = filter.firstDay.map { $0 - 1 }
        let nothing: [SQLValue] = []
        let old =
            filter.firstDay == nil
            ? (table: "usage_daily", sql: " AND false", parameters: nothing) : before.summary(in: connection.dialect)
        let grouping = UsageGrouping(
            expressions: """
                old AS MATERIALIZED (
                    SELECT DISTINCT sp.package FROM stack_packages sp
                    WHERE sp.stack IN (SELECT r.stack FROM \(old.table) r WHERE true\(old.sql))\(filter.packageCondition))
                """,
            expressionParameters: old.parameters, columns: ["p.name"], joins: UsageGrouping.packages,
            condition: " AND p.id NOT IN (SELECT package FROM old)\(filter.packageCondition)")
        var rows = try grouping.tallies(connection, filter).map { key, tally in
            Row(package: key[0].text ?? "", firstDay: tally.firstDay, users: tally.users, jobs: tally.jobs)
        }
        rows.sort { left, right in
            if left.firstDay != right.firstDay { return left.firstDay > right.firstDay }
            return left.users == right.users ? byBytes(left.package, right.package) : left.users > right.users
        }
        return NewPackages(rows: rows.limited(to: limit))
    }

    public var json: JSON {
        .array(
            rows.map {
                .object([
                    "package": .text($0.package), "first_seen": .text(Calendar.text(day: Int($0.firstDay))),
                    "users": .integer($0.users), "jobs": .integer($0.jobs),
                ])
            })
    }
}
