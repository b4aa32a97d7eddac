import Record
import Store

/// All jobs that pass a filter, counted by the packages that they used.
struct JobGroups {
    struct Group {
        /// Indices into `names`, each once.
        let packages: [Int]
        let jobs: Int64
        let nodeSeconds: Int64
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
            return Group(
                packages: used, jobs: sum.jobs, nodeSeconds: sum.nodeSeconds,
                people: people[key.people].filter { $0 != 0 })
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
    private var times: JobTimes?

    init(byPeople: Bool = false, withTime: Bool = false) {
        self.byPeople = byPeople
        if withTime { times = JobTimes() }
    }

    var columns: Set<DayRows.Column> {
        var columns: Set<DayRows.Column> = [.job, .stack]
        if byPeople { columns.insert(.user) }
        if times != nil { columns.formUnion(JobTimes.columns) }
        return columns
    }

    mutating func add(_ rows: DayRows, _ kept: [Int]) {
        jobs.add(rows, kept, key: rows[.stack])
        if byPeople { people.add(rows, kept, key: rows[.user]) }
        times?.add(rows, kept)
    }

    func sums() -> [Key: (jobs: Int64, nodeSeconds: Int64)] {
        if !byPeople && times == nil {
            let counted = jobs.counts.enumerated().filter { $0.element > 0 }
            return Dictionary(uniqueKeysWithValues: counted.map { (Key(set: $0, people: 0), ($1, 0)) })
        }
        if !byPeople, let times {
            var sums = [(jobs: Int64, nodeSeconds: Int64)](repeating: (0, 0), count: jobs.counts.count)
            jobs.forEach { job, set in
                sums[set].jobs += 1
                sums[set].nodeSeconds &+= times.nodeSeconds(of: job)
            }
            let counted = sums.enumerated().filter { $0.element.jobs > 0 }
            return Dictionary(uniqueKeysWithValues: counted.map { (Key(set: $0, people: 0), $1) })
        }
        var sums: [Key: (jobs: Int64, nodeSeconds: Int64)] = [:]
        jobs.forEach { job, set in
            let key = Key(set: set, people: people.set(of: job))
            sums[key, default: (0, 0)].jobs += 1
            sums[key, default: (0, 0)].nodeSeconds &+= times?.nodeSeconds(of: job) ?? 0
        }
        return sums
    }
}
