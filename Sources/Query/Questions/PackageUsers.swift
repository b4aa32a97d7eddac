import Record
import Store

/// The users of a package, for writing to them.
public struct PackageUsers: Sendable, Equatable {
    public struct Row: Sendable, Equatable {
        public let username: String
        public let jobs: Int64
        public let processes: Int64
        /// Days since 1970-01-01 UTC.
        public let lastDay: Int64
        /// The known versions, the oldest first.
        public let versions: [String]
    }

    /// Most processes first. Usage without a user's name has no row.
    public let rows: [Row]

    /// - Parameter olderThan: only usage of versions before this one; versions that cannot be compared are left out.
    public static func ask(
        _ connection: any SQLConnection, _ filter: UsageFilter, package: String, olderThan: PackageVersion? = nil,
        limit: Int? = nil
    ) throws(StoreError) -> PackageUsers {
        // each row is about one person
        if filter.leastUsers > 1 { return PackageUsers(rows: []) }
        var grouping = UsageGrouping.use(of: package, filter, by: ["sp.version"])
        if let olderThan {
            let old = try versions(connection, package).filter { isOlder(PackageVersion($0), than: olderThan) }
            if old.isEmpty { return PackageUsers(rows: []) }
            grouping.condition += " AND sp.version IN (\(old.map { _ in "?" }.joined(separator: ", ")))"
            grouping.parameters += old.map { .text($0) }
        }
        let stacks = try grouping.stackGroups(connection)
        let people = try People(connection)
        var uses = UserStackSums()
        let jobs = JobSets()
        try UsageScan(connection, filter).days([.stack, .user, .processes, .job]) { rows, kept in
            let persons = rows[.user].map { people.person($0, on: rows.day) }
            let using = stacks.places(kept, rows[.stack]).filter { persons[$0] > 0 }
            let (stack, processes) = (rows[.stack], rows[.processes])
            for row in using {
                uses.add(user: persons[row], key: stack[row], processes: processes[row], day: rows.day)
            }
            jobs.add(rows, using, key: persons)
        }
        var tallies: [ExactText: UsageTally] = [:]
        var used: [ExactText: Set<ExactText>] = [:]
        for use in uses.entries {
            let name = ExactText(people.name(of: use.user))
            tallies[name, default: UsageTally()].add(use)
            for place in stacks[use.key] {
                if let version = stacks.groups[place][0].text { used[name, default: []].insert(ExactText(version)) }
            }
        }
        for (persons, count) in zip(jobs.sets, jobs.counts) {
            for name in Set(persons.map { ExactText(people.name(of: $0)) }) { tallies[name]?.jobs += count }
        }
        var rows = tallies.map { name, tally in
            Row(
                username: name.string, jobs: tally.jobs, processes: tally.processes, lastDay: tally.lastDay,
                versions: (used[name] ?? []).map { $0.string }.sorted(by: comesBefore))
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

    private static let fields: [Field<Row>] = [
        .text("username") { $0.username }, .count("jobs", of: .jobs) { $0.jobs },
        .count("processes", of: .processes) { $0.processes }, .day("last_seen") { $0.lastDay },
        .list("versions") { $0.versions },
    ]

    public var answer: Answer { Answer(rows, PackageUsers.fields) }
}

/// Versions that cannot be compared come before those that can.
private func comesBefore(_ left: String, _ right: String) -> Bool {
    switch (PackageVersion(left), PackageVersion(right)) {
    case (let one?, let other?) where one != other: one < other
    case (nil, .some): true
    case (.some, nil): false
    default: byBytes(left, right)
    }
}
