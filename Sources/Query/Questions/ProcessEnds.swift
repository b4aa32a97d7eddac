import Store

/// The ways in which the processes of a package's users end, and their jobs.
public struct ProcessEnds: Sendable, Equatable {
    public struct Row: Sendable, Equatable {
        public let package: String
        public let processes: Int64
        public let exits: Int64
        public let exceptions: Int64
        public let signals: Int64
        public let killed: Int64
        /// The jobs of these processes.
        public let jobs: Int64
        /// Those in which at least one of the processes had another end than `exit`.
        public let failedJobs: Int64
        /// Those in which at least one of the processes was killed.
        public let killedJobs: Int64

        /// A part of the processes; there is at least one.
        func percent(_ part: Int64) -> Double { 100 * Double(part) / Double(processes) }

        /// A part of the jobs; nil if there is none.
        func percent(ofJobs part: Int64) -> Double? { jobs > 0 ? 100 * Double(part) / Double(jobs) : nil }
    }

    /// Most processes first.
    public let rows: [Row]

    public static func ask(
        _ connection: any SQLConnection, _ filter: UsageFilter, package: String? = nil, limit: Int? = nil
    ) throws(StoreError) -> ProcessEnds {
        var grouping = UsageGrouping(
            columns: ["p.name"], joins: UsageGrouping.packages, condition: filter.packageCondition)
        if let package { grouping = UsageGrouping.use(of: package, filter, by: ["p.name"]) }
        let packages = try grouping.stackGroups(connection)
        // for each stack: processes, exceptions, signals, killed
        let ends = PagedArray<SIMD4<Int64>>(empty: .zero)
        var uses = UserStackSums()
        let (all, failed, killedOnes) = (JobSets(), JobSets(), JobSets())
        let columns: Set<DayRows.Column> = [.job, .stack, .user, .processes, .exceptions, .signals, .killed]
        try UsageScan(connection, filter).days(columns) { rows, kept in
            let (flags, stacks, processes) = (rows[.flags], rows[.stack], rows[.processes])
            // sums of pruned usage have users, but not the ends of processes
            let using = packages.places(kept, stacks).filter { flags[$0] & DayRows.isPruned == 0 }
            if filter.leastUsers > 0 { uses.add(rows, using, key: stacks) }
            let (exceptions, signals, killed) = (rows[.exceptions], rows[.signals], rows[.killed])
            all.add(rows, using, key: stacks)
            failed.add(rows, using.filter { exceptions[$0] + signals[$0] + killed[$0] > 0 }, key: stacks)
            killedOnes.add(rows, using.filter { killed[$0] > 0 }, key: stacks)
            var page = PagedArray<SIMD4<Int64>>.Page()
            for row in using {
                page.place(of: stacks[row], in: ends).pointee &+= SIMD4(
                    processes[row], exceptions[row], signals[row], killed[row])
            }
        }
        let told =
            filter.leastUsers > 0
            ? Set(packages.tallies(uses, JobSets(), leastUsers: filter.leastUsers).map { $0.group }) : nil
        var sums = [SIMD4<Int64>](repeating: .zero, count: packages.groups.count)
        ends.forEach { stack, counts in for place in packages[stack] { sums[place] &+= counts } }
        let (jobs, failedJobs, killedJobs) = (packages.jobs(all), packages.jobs(failed), packages.jobs(killedOnes))
        var rows: [Row] = []
        for (place, (group, counts)) in zip(packages.groups, sums).enumerated()
        where counts[0] > 0 && told?.contains(group) ?? true {
            rows.append(
                Row(
                    package: group[0].text ?? "", processes: counts[0],
                    exits: counts[0] - counts[1] - counts[2] - counts[3], exceptions: counts[1], signals: counts[2],
                    killed: counts[3], jobs: jobs[place], failedJobs: failedJobs[place], killedJobs: killedJobs[place]))
        }
        rows.sort { $0.processes == $1.processes ? byBytes($0.package, $1.package) : $0.processes > $1.processes }
        return ProcessEnds(rows: rows.limited(to: limit))
    }

    private static let processFields: [Field<Row>] = [
        .text("package") { $0.package }, .count("processes", of: .processes) { $0.processes },
        .count("exit", of: .processes) { $0.exits }, .count("exception", of: .processes) { $0.exceptions },
        .count("signal", of: .processes) { $0.signals }, .count("killed", of: .processes) { $0.killed },
        .number("exit_percent", of: .percent) { $0.percent($0.exits) },
        .number("exception_percent", of: .percent) { $0.percent($0.exceptions) },
        .number("signal_percent", of: .percent) { $0.percent($0.signals) },
        .number("killed_percent", of: .percent) { $0.percent($0.killed) },
    ]

    private static let jobFields: [Field<Row>] = [
        .count("jobs", of: .jobs) { $0.jobs }, .count("failed_jobs", of: .jobs) { $0.failedJobs },
        .count("killed_jobs", of: .jobs) { $0.killedJobs },
        .number("failed_jobs_percent", of: .percent) { $0.percent(ofJobs: $0.failedJobs) },
        .number("killed_jobs_percent", of: .percent) { $0.percent(ofJobs: $0.killedJobs) },
    ]

    public var answer: Answer { Answer(rows, ProcessEnds.processFields + ProcessEnds.jobFields) }

    /// The same without jobs, for a page.
    public var answerOfProcesses: Answer { Answer(rows, ProcessEnds.processFields) }
}
