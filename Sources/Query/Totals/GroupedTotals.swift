import Store

extension UsageTotals {
    /// The totals of all usage in a period that passes a filter.
    static func ask(
        _ connection: any SQLConnection, _ filter: UsageFilter, in period: Period
    ) throws(StoreError) -> UsageTotals {
        let filter = filter.of(period)
        let stacks = try StackGroups.counted(connection, filter, package: nil)
        var sums = GroupedTotals(withDevices: true)
        let columns = stacks == nil ? sums.columns : sums.columns.union([.stack])
        try UsageScan(connection, filter).days(columns) { rows, kept in
            let counted = stacks?.places(kept, rows[.stack]) ?? kept
            sums.add(rows, kept: kept, counted: counted, numbers: [Int64](repeating: 0, count: rows.count))
        }
        var all = StackGroups<Bool>()
        all.add(0, to: true)
        return sums.totals(of: all, leastUsers: filter.leastUsers)[true] ?? UsageTotals()
    }
}

/// Adds up the totals of groups of usage. Each row of usage has a number, such as that of its stack, and numbers belong
/// to groups.
struct GroupedTotals {
    private var uses = UserStackSums()
    private let jobs = JobSets()
    private var times = JobTimes()
    /// The time of CPUs and of GPUs; empty unless asked for.
    private var devices: [JobDevices]

    /// - Parameter withDevices: whether the time of CPUs and GPUs is wanted too.
    init(withDevices: Bool = false) { devices = withDevices ? [JobDevices(.cpus), JobDevices(.gpus)] : [] }

    var columns: Set<DayRows.Column> {
        JobTimes.columns.union(devices.isEmpty ? [.user, .processes] : [.user, .processes, .cpus, .gpus])
    }

    /// - Parameters:
    ///   - kept: the indices of the rows that pass the filter; a job lasts as long as these.
    ///   - counted: those of them that count.
    ///   - numbers: one for each row.
    mutating func add(_ rows: DayRows, kept: [Int], counted: [Int], numbers: [Int64]) {
        uses.add(rows, counted, key: numbers)
        jobs.add(rows, counted, key: numbers)
        times.add(rows, kept)
        for place in devices.indices { devices[place].add(rows, kept) }
    }

    /// The numbers of the rows that were counted.
    var numbers: Set<Int64> { Set(uses.entries.lazy.map { $0.key }) }

    /// - Parameter leastUsers: the smallest number of users of a group that is told.
    func totals<Group>(of groups: StackGroups<Group>, leastUsers: Int64) -> [Group: UsageTotals] {
        let nodes = seconds(of: groups) { times.nodeSeconds(of: $0) }
        let others = devices.map { device in seconds(of: groups) { device.seconds(of: $0) } }
        var totals: [Group: UsageTotals] = [:]
        for (group, tally) in groups.tallies(uses, jobs, leastUsers: leastUsers) {
            totals[group] = UsageTotals(
                users: tally.users, jobs: tally.jobs, processes: tally.processes, nodeSeconds: nodes[group] ?? 0,
                coreSeconds: others.first?[group], gpuSeconds: others.last?[group])
        }
        return totals
    }

    /// The sum over the jobs of each group; a group of whose jobs none has a time is missing.
    private func seconds<Group>(of groups: StackGroups<Group>, _ ofJob: (Int64) -> Int64?) -> [Group: Int64] {
        let sets = jobs.sets
        var ofSets = [Int64?](repeating: nil, count: sets.count)
        jobs.forEach { job, set in
            if let seconds = ofJob(job) { ofSets[set] = (ofSets[set] ?? 0) &+ seconds }
        }
        var sums: [Group: Int64] = [:]
        for (set, sum) in zip(sets, ofSets) {
            guard let sum else { continue }
            for place in groups.places(of: set) { sums[groups.groups[place], default: 0] &+= sum }
        }
        return sums
    }
}
