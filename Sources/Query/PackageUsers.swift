import Record
import Store

/// Who uses a package, so that they can be written to.
public struct PackageUsers: Sendable, Equatable {
    public struct Row: Sendable, Equatable {
        public let username: String
        public let jobs: Int64
        public let processes: Int64
        /// Days since 1970-01-01 UTC.
        public let lastDay: Int64
        /// Those known, the oldest first.
        public let versions: [String]
    }

    /// Most processes first. Usage that nobody's name came with has no row.
    public let rows: [Row]

    /// - Parameter olderThan: only usage of versions before this one, and none of versions that cannot be compared.
    public static func ask(
        _ connection: any SQLConnection, _ filter: UsageFilter, package: String, olderThan: PackageVersion? = nil,
        limit: Int? = nil
    ) throws(StoreError) -> PackageUsers {
        let name = PersonNames.name(on: "r.day")
        var condition = " AND u.name <> '' AND p.name = ?\(filter.packageCondition)"
        var parameters = [SQLValue.text(package)]
        if let olderThan {
            let old = try versions(connection, package).filter { isOlder(PackageVersion($0), than: olderThan) }
            if old.isEmpty { return PackageUsers(rows: []) }
            condition += " AND sp.version IN (\(old.map { _ in "?" }.joined(separator: ", ")))"
            parameters += old.map { .text($0) }
        }
        let grouping = UsageGrouping(
            // a name is that of a day
            keys: [("stack", "r.stack"), ("day", "r.day"), ("usr", "r.usr")], columns: [name],
            joins: "\(UsageGrouping.packages) JOIN users u ON u.id = r.usr", condition: condition,
            parameters: parameters)
        let users = try grouping.tallies(connection, filter)
        var byVersion = grouping.by([name, "sp.version"])
        byVersion.countsJobs = false
        let used = try byVersion.tallies(connection, filter)
        var versions: [String: [String]] = [:]
        for key in used.keys {
            if let name = key[0].text, let version = key[1].text { versions[name, default: []].append(version) }
        }
        var rows = users.map { key, tally in
            let name = key[0].text ?? ""
            return Row(
                username: name, jobs: tally.jobs, processes: tally.processes, lastDay: tally.lastDay,
                versions: (versions[name] ?? []).sorted(by: comesBefore))
        }
        rows.sort { $0.processes == $1.processes ? byBytes($0.username, $1.username) : $0.processes > $1.processes }
        return PackageUsers(rows: rows.limited(to: limit))
    }

    private static func versions(_ connection: any SQLConnection, _ package: String) throws(StoreError) -> [String] {
        try connection.query(
            """
            SELECT DISTINCT sp.version FROM stack_packages sp JOIN packages p ON p.id = sp.package
            WHERE p.name = ? AND sp.version IS NOT NULL
            """, [.text(package)]
        ).compactMap { $0[0].text }
    }

    public var json: JSON {
        .array(
            rows.map {
                .object([
                    "username": .text($0.username), "jobs": .integer($0.jobs), "processes": .integer($0.processes),
                    "last_seen": .text(Calendar.text(day: Int($0.lastDay))),
                    "versions": .array($0.versions.map { .text($0) }),
                ])
            })
    }
}

/// What cannot be compared stands before what can.
private func comesBefore(_ left: String, _ right: String) -> Bool {
    switch (PackageVersion(left), PackageVersion(right)) {
    case (let one?, let other?) where one != other: one < other
    case (nil, .some): true
    case (.some, nil): false
    default: byBytes(left, right)
    }
}
