import JSON
import Record
import Store

/// The last jobs in which a person's processes ran, for the help desk.
public struct LastJobs: Sendable, Equatable {
    public struct Job: Sendable, Equatable {
        public let jobID: String
        public let cluster: String
        /// The number of starts before this one.
        public let restart: Int64
        public let account: String?
        public let numNodes: Int64?
        /// What Slurm says of the end; nil if it has said nothing.
        public let state: String?
        public let exitCode: String?
        /// The last sign of the person's processes, microseconds since 1970 UTC.
        public internal(set) var lastSeen: Int64 = 0
        /// How the person's processes in it ended.
        public internal(set) var ends = EndCounts()
        /// The program with most processes; nil if none is known.
        public internal(set) var main: String?
        public internal(set) var packages = UsedPackages()
    }

    /// The newest first.
    public let jobs: [Job]

    static let most = 10
    /// The most jobs that are looked up one by one; more are found by reading their days.
    private static let mostLookedUp = 1_000

    /// - Parameter days: the days on which usage of each job passes the filter, by the jobs' numbers; counted from
    ///   1970-01-01 UTC.
    static func ask(
        _ connection: any SQLConnection, _ filter: UsageFilter, days: [Int64: ClosedRange<Int>], limit: Int
    ) throws(StoreError) -> LastJobs {
        guard limit > 0, !days.isEmpty else { return LastJobs(jobs: []) }
        // of jobs with the same last day the runs tell which is the last
        let lastDays = days.values.map { $0.upperBound }.sorted(by: >)
        let least = lastDays[min(limit, lastDays.count) - 1]
        let candidates = days.filter { $0.value.upperBound >= least }
        let known = try jobs(connection, candidates.keys)
        var times: [Int64: Int64] = [:]
        for row in try runs(
            connection, filter, known, candidates.mapValues { $0.upperBound...$0.upperBound },
            columns: "r.job, max(r.last_seen)", grouping: "r.job")
        { times[row[0].integer ?? 0] = row[1].integer }
        let last = times.sorted { one, other in
            if one.value != other.value { return one.value > other.value }
            guard let left = known[one.key], let right = known[other.key] else { return one.key < other.key }
            return left.comesBefore(right)
        }.prefix(limit)
        let wanted = known.filter { job in last.contains { $0.key == job.key } }
        let used = try use(connection, filter, wanted, candidates)
        return LastJobs(
            jobs: last.compactMap { number, time in
                guard var job = known[number] else { return nil }
                job.lastSeen = time
                used[number].map { job.add($0) }
                return job
            })
    }

    private static func jobs(
        _ connection: any SQLConnection, _ numbers: some Collection<Int64>
    ) throws(StoreError) -> [Int64: Job] {
        let look = connection.dialect.lookUp
        var jobs: [Int64: Job] = [:]
        for row in try connection.query(
            """
            SELECT j.id, j.job_id, c.name, j.restart, a.name, j.num_nodes, j.state, j.exit_code
            FROM jobs j \(look) clusters c ON c.id = j.cluster \(look) accounts a ON a.id = j.account
            WHERE j.id IN (\(list(numbers)))
            """)
        {
            jobs[row[0].integer ?? 0] = Job(
                jobID: row[1].text ?? "", cluster: row[2].text ?? "", restart: row[3].integer ?? 0,
                account: row[4].name, numNodes: row[5].integer, state: row[6].name, exitCode: row[7].name)
        }
        return jobs
    }

    /// Rows of the runs of some jobs that pass the filter.
    private static func runs(
        _ connection: any SQLConnection, _ filter: UsageFilter, _ jobs: [Int64: Job],
        _ days: [Int64: ClosedRange<Int>], columns: String, grouping: String
    ) throws(StoreError) -> [[SQLValue]] {
        if jobs.isEmpty { return [] }
        let places = jobs.compactMap { number, job in days[number].map { (jobID: job.jobID, days: Array($0)) } }
        var filter = filter
        filter.firstDay = places.compactMap { $0.days.first }.min()
        filter.lastDay = places.compactMap { $0.days.last }.max()
        let (condition, parameters) = try filter.condition(on: connection)
        let source = places.count > mostLookedUp ? "runs r" : connection.dialect.runs(ofJobs: places)
        return try connection.query(
            """
            SELECT \(columns) FROM \(source) WHERE r.job IN (\(list(jobs.keys)))\(condition) GROUP BY \(grouping)
            """, parameters)
    }

    /// What the runs of a job tell.
    fileprivate struct Use {
        var ends = EndCounts()
        var programs: [String: Int64] = [:]
        var stacks: Set<Int64> = []
        var packages = UsedPackages()
    }

    private static func use(
        _ connection: any SQLConnection, _ filter: UsageFilter, _ jobs: [Int64: Job],
        _ days: [Int64: ClosedRange<Int>]
    ) throws(StoreError) -> [Int64: Use] {
        let counts = ["r.processes", "r.exceptions", "r.signals", "r.killed"].map {
            "CAST(sum(COALESCE(\($0), 0)) AS bigint)"
        }
        var used: [Int64: Use] = [:]
        for row in try runs(
            connection, filter, jobs, days,
            columns: """
                r.job, r.stack, (SELECT m.name FROM programs m WHERE m.id = r.program), \
                \(counts.joined(separator: ", "))
                """, grouping: "r.job, r.stack, r.program")
        {
            let ends = EndCounts(row.suffix(4))
            var use = used[row[0].integer ?? 0] ?? Use()
            use.ends = use.ends + ends
            use.stacks.insert(row[1].integer ?? 0)
            if let program = row[2].name { use.programs[program, default: 0] += ends.processes }
            used[row[0].integer ?? 0] = use
        }
        let stacks = used.values.reduce(into: Set<Int64>()) { $0.formUnion($1.stacks) }
        if stacks.isEmpty { return used }
        for row in try connection.query(
            """
            SELECT sp.stack, p.name, sp.version, sp.direct FROM stack_packages sp
                \(connection.dialect.lookUp) packages p ON p.id = sp.package
            WHERE sp.stack IN (\(list(stacks)))\(filter.packageCondition)
            """)
        {
            for number in used.keys where used[number]?.stacks.contains(row[0].integer ?? 0) == true {
                used[number]?.packages.add(
                    row[1].text ?? "", version: row[2].text, isDirect: row[3].integer.map { $0 == 1 })
            }
        }
        return used
    }

    private static func list(_ numbers: some Collection<Int64>) -> String {
        numbers.map { String($0) }.joined(separator: ", ")
    }
}

extension LastJobs.Job {
    /// The order of jobs that were last seen at the same moment.
    fileprivate func comesBefore(_ other: LastJobs.Job) -> Bool {
        let (one, two) = (ExactText(cluster), ExactText(other.cluster))
        if one != two { return one < two }
        return jobID == other.jobID ? restart > other.restart : byBytes(jobID, other.jobID)
    }

    fileprivate mutating func add(_ use: LastJobs.Use) {
        ends = use.ends
        main =
            use.programs.max { one, other in
                one.value == other.value ? byBytes(other.key, one.key) : one.value < other.value
            }?.key
        packages = use.packages
    }
}

extension LastJobs {
    private static let fields: [Field<Job>] =
        [
            .text("job_id") { $0.jobID }, .text("cluster") { $0.cluster.isEmpty ? nil : $0.cluster },
            .count("restart") { $0.restart }, .text("account") { $0.account },
            .count("num_nodes", of: .nodes) { $0.numNodes }, .text("state") { $0.state },
            .text("exit_code") { $0.exitCode }, .time("last_seen") { $0.lastSeen }, .text("main") { $0.main },
            .count("processes", of: .processes) { $0.ends.processes },
        ] + EndCounts.fields { $0.ends } + [
            .mapping("packages") { $0.packages.all.map { ($0.name, $0.version) } },
            .list("direct") { $0.packages.direct },
        ]

    private static let tableFields: [Field<Job>] = [
        .text("job") { $0.jobID }, .day("last_seen") { Int64(Calendar.day(ofMicroseconds: $0.lastSeen)) },
        .text("state") { $0.state }, .text("ended") { $0.ends.text },
        .text("program") { $0.main.map { String($0.split(separator: "/").last ?? "") } },
        .text("packages") { $0.packages.texts.joined(separator: " ") },
    ]

    var answer: Answer { Answer(jobs, LastJobs.fields) }

    /// The first of them in a few columns, for people.
    public func table(limit: Int) -> Answer { Answer(Array(jobs.prefix(limit)), LastJobs.tableFields) }
}
