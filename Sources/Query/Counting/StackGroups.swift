import Record
import Store

/// The groups that stacks belong to, by the stacks' numbers; or environments, which have numbers too.
struct StackGroups<Group: Hashable> {
    private(set) var groups: [Group] = []
    private var places: [Group: Int] = [:]
    private var lists: [[Int]] = []
    /// The numbers whose lists are not empty.
    private var belongs = BitSet()

    mutating func add(_ number: Int64, to group: Group) {
        add(number, toGroupAt: place(of: group))
    }

    /// The index of a group in `groups`; the group may have no members.
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

    /// The indices of the groups that the item belongs to.
    subscript(_ number: Int64) -> [Int] { has(number) ? lists[Int(number)] : [] }

    func has(_ number: Int64) -> Bool { belongs[number] }

    /// The indices of the rows whose number, in `column`, belongs to a group.
    func places(_ rows: [Int], _ column: [Int64]) -> [Int] {
        var places: [Int] = []
        places.reserveCapacity(rows.count)
        for row in rows where belongs[column[row]] { places.append(row) }
        return places
    }

    /// The tally of each group with at least this many users; groups without usage are missing.
    func tallies(
        _ uses: UserStackSums, _ jobs: JobSets, leastUsers: Int64
    ) -> [(group: Group, tally: UsageTally)] {
        var sums = [UsageTally](repeating: UsageTally(), count: groups.count)
        var people = UserStackSums()
        for use in uses.entries {
            for place in self[use.key] {
                people.add(user: use.user, key: Int64(place), like: use)
            }
        }
        for use in people.entries { sums[Int(use.key)].add(use) }
        for (place, count) in self.jobs(jobs).enumerated() { sums[place].jobs = count }
        // a dictionary of some ten thousand groups would take longer than all before
        return zip(groups, sums).filter { $1.processes > 0 && $1.tells(ofAtLeast: leastUsers) }.map { ($0, $1) }
    }

    /// The number of jobs of each group, by its place.
    func jobs(_ jobs: JobSets) -> [Int64] {
        var sums = [Int64](repeating: 0, count: groups.count)
        for (set, count) in zip(jobs.sets, jobs.counts) where count > 0 {
            for place in places(of: set) { sums[place] += count }
        }
        return sums
    }

    /// The tallies of all usage that passes a filter.
    ///
    /// - Parameter key: what the groups' numbers are of, `stack` or `environment`.
    func tallies(
        _ connection: any SQLConnection, _ filter: UsageFilter, by key: DayRows.Column
    ) throws(StoreError) -> [(group: Group, tally: UsageTally)] {
        var uses = UserStackSums()
        let jobs = JobSets()
        try UsageScan(connection, filter).days([key, .user, .processes, .job]) { rows, kept in
            let keys = rows[key]
            let using = places(kept, keys)
            uses.add(rows, using, key: keys)
            jobs.add(rows, using, key: keys)
        }
        return tallies(uses, jobs, leastUsers: filter.leastUsers)
    }

    /// The tally of all groups together; empty if it has fewer users.
    func total(_ uses: UserStackSums, _ jobs: JobSets, leastUsers: Int64) -> UsageTally {
        var all = StackGroups<Bool>()
        for number in lists.indices where !lists[number].isEmpty { all.add(Int64(number), to: true) }
        return all.tallies(uses, jobs, leastUsers: leastUsers).first?.tally ?? UsageTally()
    }

    /// The same groups under other names, which differ where these do.
    func named<Other: Hashable>(_ name: (Group) -> Other) -> StackGroups<Other> {
        var other = StackGroups<Other>()
        other.groups = groups.map(name)
        other.places = Dictionary(zip(other.groups, groups.indices)) { first, _ in first }
        other.lists = lists
        other.belongs = belongs
        return other
    }

    /// The groups that any of these numbers belongs to.
    func groups(ofAny numbers: BitSet) -> Set<Group> {
        var result: Set<Group> = []
        for number in lists.indices where numbers[Int64(number)] {
            for place in lists[number] { result.insert(groups[place]) }
        }
        return result
    }

    /// The indices of the groups that any of these numbers belongs to, each once.
    func places(of set: [Int64]) -> [Int] {
        guard set.count > 1 else { return set.first.map { self[$0] } ?? [] }
        var met: Set<Int> = []
        return set.flatMap { self[$0] }.filter { met.insert($0).inserted }
    }
}

extension StackGroups<SQLValue> {
    /// The stacks that count in a question that is not about packages: those with this package, or with any if only
    /// direct use counts. nil for all usage, of no package too.
    static func counted(
        _ connection: any SQLConnection, _ filter: UsageFilter, package: String?
    ) throws(StoreError) -> StackGroups? {
        guard package != nil || filter.onlyDirect else { return nil }
        var groups = StackGroups()
        let condition = package == nil ? "" : " AND p.name = ?"
        for row in try connection.query(
            """
            SELECT DISTINCT sp.stack FROM stack_packages sp JOIN packages p ON p.id = sp.package
            WHERE true\(condition)\(filter.packageCondition)
            """, package.map { [.text($0)] } ?? [])
        { groups.add(row[0].integer ?? 0, to: .null) }
        return groups
    }
}

extension StackGroups<ExactText> {
    /// The packages of each stack that pass the filter. Every package is a group.
    static func packages(_ connection: any SQLConnection, _ filter: UsageFilter) throws(StoreError) -> StackGroups {
        var groups = StackGroups()
        var places: [Int64: Int] = [:]
        for row in try connection.query("SELECT id, name FROM packages WHERE id <> 0") {
            places[row[0].integer ?? 0] = groups.place(of: ExactText(row[1].text ?? ""))
        }
        try connection.integers(
            "SELECT sp.stack, sp.package FROM stack_packages sp WHERE true\(filter.packageCondition)", atOnce: true
        ) { values in
            if let place = places[values[1]] { groups.add(values[0], toGroupAt: place) }
        }
        return groups
    }
}
