import Record
import Store

/// All jobs that pass a filter, counted by the packages that they used.
struct JobGroups {
    struct Group {
        /// Indices into `names`, each once.
        let packages: [Int]
        let jobs: Int64
        /// The users of the processes by which the jobs count; empty unless asked for.
        let people: [Int64]
    }

    /// The names of all packages that were ever seen.
    let names: [String]
    let groups: [Group]

    /// - Parameter byPeople: whether jobs of different users are in different groups.
    static func ask(
        _ connection: any SQLConnection, _ filter: UsageFilter, byPeople: Bool = false
    ) throws(StoreError) -> JobGroups {
        let packages = try StackGroups.packages(connection, filter)
        var count = JobCount(byPeople: byPeople)
        try UsageScan(connection, filter).days(count.columns) { rows, kept in count.add(rows, kept) }
        return JobGroups(count, packages)
    }

    init(_ count: JobCount, _ packages: StackGroups<ExactText>) {
        names = packages.groups.map { $0.string }
        let (sets, people) = (count.jobs.sets, count.people.sets)
        var places: [Int: [Int]] = [:]
        groups = count.sums().map { key, sum in
            let used = places[key.set] ?? packages.places(of: sets[key.set])
            places[key.set] = used
            return Group(packages: used, jobs: sum, people: people[key.people].filter { $0 != 0 })
        }
    }
}

/// Counts jobs by the set of stacks that they used, from rows of usage.
struct JobCount {
    struct Key: Hashable {
        /// Index into `jobs.sets`.
        let set: Int
        /// Index into `people.sets`; 0 unless asked for.
        let people: Int
    }

    let jobs = JobSets()
    /// The users of each job.
    let people = JobSets()
    private let byPeople: Bool

    init(byPeople: Bool = false) { self.byPeople = byPeople }

    var columns: Set<DayRows.Column> { byPeople ? [.job, .stack, .user] : [.job, .stack] }

    mutating func add(_ rows: DayRows, _ kept: [Int]) {
        jobs.add(rows, kept, key: rows[.stack])
        if byPeople { people.add(rows, kept, key: rows[.user]) }
    }

    /// The number of jobs with each set of stacks, and of people.
    func sums() -> [Key: Int64] {
        if !byPeople {
            let counted = jobs.counts.enumerated().filter { $0.element > 0 }
            return Dictionary(uniqueKeysWithValues: counted.map { (Key(set: $0, people: 0), $1) })
        }
        var sums: [Key: Int64] = [:]
        jobs.forEach { job, set in sums[Key(set: set, people: people.set(of: job)), default: 0] += 1 }
        return sums
    }
}
