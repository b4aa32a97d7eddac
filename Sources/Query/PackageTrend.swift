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
            let grouping = UsageGrouping(
                columns: [connection.dialect.month(of: "r.day")], joins: UsageGrouping.packages,
                condition: " AND p.name = ?\(filter.packageCondition)", parameters: [.text(package)])
            let months = try grouping.tallies(connection, filter).map { key, tally in
                Row(package: package, month: key[0].text ?? "", users: tally.users, jobs: tally.jobs)
            }
            rows += months.sorted { $0.month < $1.month }.suffix(limit ?? .max)
        }
        return PackageTrend(rows: rows)
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
