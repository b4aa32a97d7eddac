import JSON
import Record
import Store

/// The people whom a change affects: the users of a package, of some versions of Python, or of some environments.
public struct AffectedUsers: Sendable, Equatable {
    public enum Order: String, CaseIterable, Sendable {
        case processes, jobs
        case nodeHours = "node-hours"
        case lastSeen = "last-seen"
    }

    public struct Row: Sendable, Equatable {
        public let username: String
        public let jobs: Int64
        public let processes: Int64
        /// Days since 1970-01-01 UTC.
        public let lastDay: Int64
        /// The known versions of the package, or of Python if the question names no package; the oldest first.
        public let versions: [String]
        /// The accounts that the jobs are charged to, by their names.
        public let accounts: [String]
        /// What the accounts belong to, by the property: the values, sorted by their bytes. Empty without a mapping.
        public let charged: [AccountProperty: [String]]
        /// The most used programs, `mostPrograms` at most.
        public internal(set) var programs: [String]
        public let nodeSeconds: Int64
    }

    public static let mostPrograms = 5

    /// nil if the question is about Python or environments.
    public let package: String?
    /// Usage without a user's name has no row.
    public let rows: [Row]
    /// What rows have in `charged`.
    public var properties: [AccountProperty] = []

    /// - Parameters:
    ///   - package: only usage of this package.
    ///   - olderThan: only usage of its versions before this one; versions that cannot be compared are left out.
    public static func ask(
        _ connection: any SQLConnection, _ filter: UsageFilter, package: String? = nil,
        olderThan: PackageVersion? = nil, by order: Order = .processes, limit: Int? = nil
    ) throws(StoreError) -> AffectedUsers {
        let nothing = AffectedUsers(package: package, rows: [])
        // each row is about one person
        if filter.leastUsers > 1 { return nothing }
        guard let grouping = try grouping(connection, filter, package, olderThan: olderThan) else { return nothing }
        let people = try People(connection)
        var use = Use(groups: try grouping.stackGroups(connection), key: grouping.key)
        try UsageScan(connection, filter).days(use.columns) { rows, kept in
            use.add(rows, kept, people)
        }
        var rows = use.rows(people, accounts: try accounts(connection), filter.mapping).sorted {
            $0.comesBefore($1, by: order)
        }
        rows = rows.limited(to: limit)
        let programs = try use.programs.mostUsed(
            connection, by: rows.map { ExactText($0.username) }, people, limit: mostPrograms)
        for place in rows.indices { rows[place].programs = programs[ExactText(rows[place].username)] ?? [] }
        return AffectedUsers(package: package, rows: rows, properties: filter.mapping?.properties ?? [])
    }

    /// The usage that counts, by versions; nil if there is none.
    private static func grouping(
        _ connection: any SQLConnection, _ filter: UsageFilter, _ package: String?, olderThan: PackageVersion?
    ) throws(StoreError) -> UsageGrouping? {
        guard let package else {
            return UsageGrouping(
                key: .environment, columns: ["NULLIF(e.python, '')"],
                joins: "JOIN environments e ON e.id = r.environment")
        }
        var grouping = UsageGrouping.use(of: package, filter, by: ["sp.version"])
        if let olderThan {
            let old = try versions(connection, package).filter { isOlder(PackageVersion($0), than: olderThan) }
            if old.isEmpty { return nil }
            grouping.condition += " AND sp.version IN (\(old.map { _ in "?" }.joined(separator: ", ")))"
            grouping.parameters += old.map { .text($0) }
        }
        return grouping
    }

    private static func versions(_ connection: any SQLConnection, _ package: String) throws(StoreError) -> [String] {
        try connection.query(
            """
            SELECT DISTINCT sp.version FROM stack_packages sp JOIN packages p ON p.id = sp.package
            WHERE p.name = ? AND sp.version IS NOT NULL
            """, [.text(package)]
        ).compactMap { $0[0].text }
    }

    private static func accounts(_ connection: any SQLConnection) throws(StoreError) -> [Int64: ExactText] {
        var names: [Int64: ExactText] = [:]
        for row in try connection.query("SELECT id, name FROM accounts WHERE id <> 0") {
            names[row[0].integer ?? 0] = ExactText(row[1].text ?? "")
        }
        return names
    }
}

/// Sums by people, from rows of usage.
private struct Use {
    let groups: StackGroups<[SQLValue]>
    /// What the groups' numbers are of: stacks or environments.
    let key: DayRows.Column
    private var uses = UserStackSums()
    private var accounts = UserStackSums()
    private(set) var programs = UserPrograms()
    /// By person.
    private var sums = GroupedTotals()

    init(groups: StackGroups<[SQLValue]>, key: DayRows.Column) {
        self.groups = groups
        self.key = key
    }

    var columns: Set<DayRows.Column> { sums.columns.union([.account, .program, key]) }

    mutating func add(_ rows: DayRows, _ kept: [Int], _ people: People) {
        let persons = rows[.user].map { people.person($0, on: rows.day) }
        let using = groups.places(kept, rows[key]).filter { persons[$0] > 0 }
        let (used, count, account, job) = (rows[key], rows[.processes], rows[.account], rows[.job])
        for row in using {
            uses.add(user: persons[row], key: used[row], processes: count[row], day: rows.day)
            guard job[row] > 0, account[row] > 0 else { continue }
            accounts.add(user: persons[row], key: account[row], processes: count[row], day: rows.day)
        }
        programs.add(rows, using, persons: persons)
        sums.add(rows, kept: kept, counted: using, numbers: persons)
    }

    /// - Parameter accounts: names by the numbers of their rows.
    func rows(
        _ people: People, accounts names: [Int64: ExactText], _ mapping: AccountMapping?
    ) -> [AffectedUsers.Row] {
        var lastDays: [ExactText: Int64] = [:]
        var versions: [ExactText: Set<ExactText>] = [:]
        for use in uses.entries {
            let name = ExactText(people.name(of: use.user))
            lastDays[name] = max(lastDays[name] ?? 0, Int64(use.lastDay))
            for place in groups[use.key] {
                if let version = groups.groups[place][0].text { versions[name, default: []].insert(ExactText(version)) }
            }
        }
        var charged: [ExactText: Set<ExactText>] = [:]
        for use in accounts.entries {
            guard let account = names[use.key] else { continue }
            charged[ExactText(people.name(of: use.user)), default: []].insert(account)
        }
        var persons = StackGroups<ExactText>()
        for number in sums.numbers { persons.add(number, to: ExactText(people.name(of: number))) }
        return sums.totals(of: persons, leastUsers: 0).map { name, totals in
            let accounts = (charged[name] ?? []).sorted().map { $0.string }
            return AffectedUsers.Row(
                username: name.string, jobs: totals.jobs, processes: totals.processes, lastDay: lastDays[name] ?? 0,
                versions: (versions[name] ?? []).map { $0.string }.sorted(by: comesBefore),
                accounts: accounts, charged: mapping?.values(of: accounts) ?? [:], programs: [],
                nodeSeconds: totals.nodeSeconds)
        }
    }
}

extension AffectedUsers.Row {
    /// The largest value first; equal ones by the bytes of the names.
    fileprivate func comesBefore(_ other: AffectedUsers.Row, by order: AffectedUsers.Order) -> Bool {
        let (one, two) = (value(order), other.value(order))
        return one == two ? byBytes(username, other.username) : one > two
    }

    private func value(_ order: AffectedUsers.Order) -> Int64 {
        switch order {
        case .processes: processes
        case .jobs: jobs
        case .nodeHours: nodeSeconds
        case .lastSeen: lastDay
        }
    }

    public var nodeHours: Double { Double(nodeSeconds) / 3_600 }
}

extension AffectedUsers {
    /// - Parameter addresses: of the people; nil for an answer without them.
    public func answer(addresses: MailAddresses? = nil) -> Answer {
        var fields: [Field<Row>] = [
            .text("username") { $0.username }, .count("jobs", of: .jobs) { $0.jobs },
            .count("processes", of: .processes) { $0.processes }, .day("last_seen") { $0.lastDay },
            .list(versionsName) { $0.versions }, .list("accounts") { $0.accounts }, .list("programs") { $0.programs },
            .number("node_hours", of: .nodeHours) { $0.nodeHours },
        ]
        fields += properties.map { property in .list(property.plural) { $0.charged[property] } }
        if let addresses { fields.append(.text("email") { addresses.address(of: $0.username) }) }
        return Answer(rows, fields)
    }

    /// The answer for people: of lists only the beginnings.
    public func table(addresses: MailAddresses? = nil) -> Answer {
        var fields: [Field<Row>] = [.text("username") { $0.username }]
        if let addresses { fields.append(.text("email") { addresses.address(of: $0.username) }) }
        fields += [
            .count("jobs", of: .jobs) { $0.jobs }, .count("processes", of: .processes) { $0.processes },
            .number("node_hours", of: .nodeHours) { $0.nodeHours }, .day("last_seen") { $0.lastDay },
            .text(versionsName) { beginning(of: $0.versions, count: 3) },
            .text("accounts") { beginning(of: $0.accounts, count: 3) },
            .text("programs") { beginning(of: $0.programs, count: 1) },
        ]
        return Answer(rows, fields)
    }

    private var versionsName: String { package == nil ? "pythons" : "versions" }
}

/// The first texts of a list, and the number of the others.
private func beginning(of list: [String], count: Int) -> String? {
    if list.isEmpty { return nil }
    let rest = list.count > count ? ["+\(list.count - count)"] : []
    return (list.prefix(count) + rest).joined(separator: " ")
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
