import Store

/// Users, processes and jobs of whatever a question groups usage by.
struct UsageTally: Sendable, Equatable {
    var users: Int64 = 0
    var processes: Int64 = 0
    var jobs: Int64 = 0
    /// Days since 1970-01-01 UTC.
    var firstDay: Int64 = .max
    var lastDay: Int64 = 0
}

/// What usage is grouped by: something that stacks have, or environments. Each may belong to several groups, or to none.
struct UsageGrouping {
    /// `stack` or `environment`.
    var key = DayRows.Column.stack
    /// Common table expressions, after `WITH`.
    var expressions = ""
    /// What the answer has a row for each of; `r` has the key under its name.
    var columns: [String]
    /// Joins that lead from `r` to the columns.
    let joins: String
    /// Beginning with `AND`, or empty.
    var condition = ""
    var parameters: [SQLValue] = []

    static let packages = "JOIN stack_packages sp ON sp.stack = r.stack JOIN packages p ON p.id = sp.package"

    /// The use of one package.
    static func use(of package: String, _ filter: UsageFilter, by columns: [String]) -> UsageGrouping {
        UsageGrouping(
            columns: columns, joins: packages, condition: " AND p.name = ?\(filter.packageCondition)",
            parameters: [.text(package)])
    }

    /// The number of each stack, or environment, that belongs to a group, with the groups that it belongs to.
    func members(_ connection: any SQLConnection) throws(StoreError) -> Members<[SQLValue]> {
        var members = Members<[SQLValue]>()
        let source = key == .stack ? "(SELECT id AS stack FROM stacks)" : "(SELECT id AS environment FROM environments)"
        for row in try connection.query(
            """
            \(expressions.isEmpty ? "" : "WITH " + expressions)
            SELECT r.\(key), \(columns.joined(separator: ", ")) FROM \(source) r \(joins) WHERE true\(condition)
            """, parameters)
        { members.add(row[0].integer ?? 0, to: Array(row.dropFirst())) }
        return members
    }

    func tallies(
        _ connection: any SQLConnection, _ filter: UsageFilter
    ) throws(StoreError) -> [[SQLValue]: UsageTally] {
        let members = try members(connection)
        var uses = UseSums()
        let jobs = JobSets()
        try UsageScan(connection, filter).days([key, .user, .processes, .job]) { rows, kept in
            let keys = rows[key]
            let using = members.places(kept, keys)
            uses.add(rows, using, key: keys)
            jobs.add(rows, using, key: keys)
        }
        return members.tallies(uses, jobs, leastUsers: filter.leastUsers)
    }
}

/// Which groups things belong to that have numbers.
struct Members<Group: Hashable> {
    private(set) var groups: [Group] = []
    private var places: [Group: Int] = [:]
    private var lists: [[Int]] = []
    /// Which of the lists have something in them.
    private var belongs = Flags()

    mutating func add(_ number: Int64, to group: Group) {
        add(number, toGroupAt: place(of: group))
    }

    /// The place of a group in `groups`, which may have no members.
    mutating func place(of group: Group) -> Int {
        if let place = places[group] { return place }
        places[group] = groups.count
        groups.append(group)
        return groups.count - 1
    }

    mutating func add(_ number: Int64, toGroupAt place: Int) {
        guard number >= 0 else { return }
        while lists.count <= number { lists.append([]) }
        belongs.set(number)
        if !lists[Int(number)].contains(place) { lists[Int(number)].append(place) }
    }

    /// The places of the groups that it belongs to.
    subscript(_ number: Int64) -> [Int] { has(number) ? lists[Int(number)] : [] }

    func has(_ number: Int64) -> Bool { belongs[number] }

    /// The places of those rows whose number, in `column`, belongs to a group.
    func places(_ rows: [Int], _ column: [Int64]) -> [Int] {
        var places: [Int] = []
        places.reserveCapacity(rows.count)
        for row in rows where belongs[column[row]] { places.append(row) }
        return places
    }

    /// What each group comes to, of those that were used by so many users at least.
    func tallies(_ uses: UseSums, _ jobs: JobSets, leastUsers: Int64) -> [Group: UsageTally] {
        var sums = [UsageTally](repeating: UsageTally(), count: groups.count)
        var people = UseSums()
        for use in uses.entries {
            for place in self[use.key] {
                people.add(user: use.user, key: Int64(place), like: use)
            }
        }
        for use in people.entries { sums[Int(use.key)].add(use) }
        for (set, count) in zip(jobs.sets, jobs.counts) where count > 0 {
            for place in places(of: set) { sums[place].jobs += count }
        }
        var tallies: [Group: UsageTally] = [:]
        for (group, sum) in zip(groups, sums) where sum.processes > 0 && sum.users >= leastUsers {
            tallies[group] = sum
        }
        return tallies
    }

    /// What all groups together come to; nothing where that is of fewer users.
    func total(_ uses: UseSums, _ jobs: JobSets, leastUsers: Int64) -> UsageTally {
        var all = Members<Bool>()
        for number in lists.indices where !lists[number].isEmpty { all.add(Int64(number), to: true) }
        return all.tallies(uses, jobs, leastUsers: leastUsers)[true] ?? UsageTally()
    }

    /// The groups that a number of these belongs to.
    func groups(ofAny numbers: Flags) -> Set<Group> {
        var result: Set<Group> = []
        for number in lists.indices where numbers[Int64(number)] {
            for place in lists[number] { result.insert(groups[place]) }
        }
        return result
    }

    /// The groups that any of these belongs to, each once.
    func places(of set: [Int64]) -> [Int] {
        guard set.count > 1 else { return set.first.map { self[$0] } ?? [] }
        var met: Set<Int> = []
        return set.flatMap { self[$0] }.filter { met.insert($0).inserted }
    }
}

extension UsageTally {
    /// Adds a user's part.
    mutating func add(_ use: UseSums.Entry) {
        // nobody is no user
        if use.user != 0 { users += 1 }
        processes &+= use.processes
        firstDay = min(firstDay, Int64(use.firstDay))
        lastDay = max(lastDay, Int64(use.lastDay))
    }
}

extension Members<String> {
    /// The packages of each stack: those that count by the filter. Every package is a group.
    static func packages(_ connection: any SQLConnection, _ filter: UsageFilter) throws(StoreError) -> Members {
        var members = Members()
        var places: [Int64: Int] = [:]
        for row in try connection.query("SELECT id, name FROM packages WHERE id <> 0") {
            places[row[0].integer ?? 0] = members.place(of: row[1].text ?? "")
        }
        try connection.integers(
            "SELECT sp.stack, sp.package FROM stack_packages sp WHERE true\(filter.packageCondition)", atOnce: true
        ) { values in
            if let place = places[values[1]] { members.add(values[0], toGroupAt: place) }
        }
        return members
    }
}

/// Texts in the order of their bytes, the same everywhere.
func byBytes(_ left: String, _ right: String) -> Bool { left.utf8.lexicographicallyPrecedes(right.utf8) }

extension Array {
    func limited(to limit: Int?) -> [Element] { limit.map { Array(prefix($0)) } ?? self }
}
