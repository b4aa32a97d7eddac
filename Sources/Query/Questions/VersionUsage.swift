import Record
import Store

/// The versions of a package, the newest first; versions that cannot be compared and unknown ones come last.
public struct VersionUsage: Sendable, Equatable {
    public struct Row: Sendable, Equatable {
        /// nil if hooks could not find it.
        public let version: String?
        public let users: Int64
        public let jobs: Int64
        /// Days since 1970-01-01 UTC.
        public let lastDay: Int64
    }

    public let rows: [Row]

    /// - Parameter olderThan: only versions before this one; versions that cannot be compared are left out.
    public static func ask(
        _ connection: any SQLConnection, _ filter: UsageFilter, package: String, olderThan: PackageVersion? = nil,
        limit: Int? = nil
    ) throws(StoreError) -> VersionUsage {
        let grouping = UsageGrouping.use(of: package, filter, by: ["sp.version"])
        let rows = try grouping.tallies(connection, filter).map { key, tally in
            Row(version: key[0].text, users: tally.users, jobs: tally.jobs, lastDay: tally.lastDay)
        }
        let compared = rows.map { (row: $0, version: $0.version.flatMap { PackageVersion($0) }) }
            .filter { isOlder($0.version, than: olderThan) }
        let sorted = compared.sorted { left, right in
            switch (left.version, right.version) {
            case (let one?, let other?) where one != other: return one > other
            case (.some, nil): return true
            case (nil, .some): return false
            default:
                guard let one = left.row.version, let other = right.row.version else { return left.row.version != nil }
                return byBytes(one, other)
            }
        }
        return VersionUsage(rows: sorted.map { $0.row }.limited(to: limit))
    }

    private static let fields: [Field<Row>] = [
        .text("version") { $0.version }, .count("users", of: .users) { $0.users },
        .count("jobs", of: .jobs) { $0.jobs },
        .day("last_seen") { $0.lastDay },
    ]

    public var answer: Answer { Answer(rows, VersionUsage.fields) }
}

/// True without a bound; a version that cannot be compared is not older than a bound.
func isOlder(_ version: PackageVersion?, than bound: PackageVersion?) -> Bool {
    guard let bound else { return true }
    return version.map { $0 < bound } ?? false
}
