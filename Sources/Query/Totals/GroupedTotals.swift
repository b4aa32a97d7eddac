import Store

/// Adds up the totals of groups of usage. Each row of usage has a number, such as that of its stack, and numbers belong
/// to groups.
struct GroupedTotals {
    static let columns: Set<DayRows.Column> = JobTimes.columns.union([.user, .processes])

    private var uses = UserStackSums()
    private let jobs = JobSets()
    private var times = JobTimes()

    /// - Parameters:
    ///   - kept: the indices of the rows that pass the filter; a job lasts as long as these.
    ///   - counted: those of them that count.
    ///   - numbers: one for each row.
    mutating func add(_ rows: DayRows, kept: [Int], counted: [Int], numbers: [Int64]) {
        uses.add(rows, counted, key: numbers)
        jobs.add(rows, counted, key: numbers)
        times.add(rows, kept)
    }

    /// The numbers of the rows that were counted.
    var numbers: Set<Int64> { Set(uses.entries.lazy.map { $0.key }) }

    /// - Parameter leastUsers: the smallest number of users of a group that is told.
    func totals<Group>(of groups: StackGroups<Group>, leastUsers: Int64) -> [Group: UsageTotals] {
        let sets = jobs.sets
        var secondsOfSets = [Int64](repeating: 0, count: sets.count)
        jobs.forEach { job, set in secondsOfSets[set] &+= times.nodeSeconds(of: job) }
        var seconds = [Int64](repeating: 0, count: groups.groups.count)
        for (set, sum) in zip(sets, secondsOfSets) where sum > 0 {
            for place in groups.places(of: set) { seconds[place] &+= sum }
        }
        let ofGroups = Dictionary(zip(groups.groups, seconds)) { first, _ in first }
        var totals: [Group: UsageTotals] = [:]
        for (group, tally) in groups.tallies(uses, jobs, leastUsers: leastUsers) {
            totals[group] = UsageTotals(
                users: tally.users, jobs: tally.jobs, processes: tally.processes, nodeSeconds: ofGroups[group] ?? 0)
        }
        return totals
    }
}
