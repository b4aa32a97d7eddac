import JSON
import Record
import Store

/// The report on one job: the data of Slurm or the records on it, and the runs of its processes.
public struct JobReport: Sendable, Equatable {
    public struct Run: Sendable, Equatable {
        public let step: String
        public let username: String
        public let executable: String
        public let main: String
        public let python: String
        /// The path of the environment; empty if unknown.
        public let prefix: String
        public let ends: EndCounts
        public let ranksReported: Int64
        /// Microseconds since 1970 UTC.
        public let firstSeen: Int64
        public let lastSeen: Int64
        public let packages: [Package]

        public var processes: Int64 { ends.processes }
        /// The worst end of the run's processes.
        public var end: ProcessEnd { ends.worst }
    }

    public struct Package: Sendable, Equatable {
        public let name: String
        public let version: String?
        /// nil if unknown.
        public let direct: Bool?
    }

    /// The source of the job's data.
    public enum Source: String, Sendable {
        /// The records of its processes alone.
        case environment
        case slurm
    }

    /// Slurm's data on the job's resources; nil where it has none.
    public struct Resources: Sendable, Equatable {
        public let allocatedCPUs: Int64?
        public let cpuSeconds: Int64?
        public let gpus: Int64?
        /// Bytes.
        public let requestedMemory: Int64?
        /// Of the steps, bytes.
        public let largestResidentSet: Int64?
        public let steps: Int64?

        /// - Parameter row: the values in this order.
        fileprivate init(_ row: some Collection<SQLValue>) {
            let values = row.map { $0.integer }
            (allocatedCPUs, cpuSeconds, gpus) = (values[0], values[1], values[2])
            (requestedMemory, largestResidentSet, steps) = (values[3], values[4], values[5])
        }

        fileprivate var members: [JSON.Member] {
            [
                JSON.Member("alloc_cpus", .integer(allocatedCPUs)), JSON.Member("cpu_seconds", .integer(cpuSeconds)),
                JSON.Member("gpus", .integer(gpus)), JSON.Member("req_mem", .integer(requestedMemory)),
                JSON.Member("max_rss", .integer(largestResidentSet)), JSON.Member("steps", .integer(steps)),
            ]
        }
    }

    public let jobID: String
    public let cluster: String
    public let username: String?
    public let account: String?
    public let qos: String?
    public let partition: String?
    public let numNodes: Int64?
    /// The number of tasks by Slurm, or else by the records.
    public let numTasks: Int64?
    public let name: String?
    public let nodeList: String?
    public let timeLimitSeconds: Int64?
    /// The number of starts before the reported one.
    public let restart: Int64
    /// The array's number and the task's index in it; nil outside of an array.
    public let arrayJobID: Int64?
    public let arrayTaskID: Int64?
    public let state: String?
    public let exitCode: String?
    /// Microseconds since 1970 UTC.
    public let submit: Int64?
    public let start: Int64?
    public let end: Int64?
    public let elapsedSeconds: Int64?
    public let resources: Resources
    public let source: Source
    /// The days of its records, counted from 1970-01-01 UTC; nil if unknown.
    public let firstDay: Int?
    public let lastDay: Int?
    public let runs: [Run]

    /// For a requeued job: the facts of its last start, and the runs of all starts. A reused number gives several jobs.
    ///
    /// - Parameter jobID: the job's own number, or `ARRAY_TASK`.
    /// - Returns: the jobs of each cluster that has any with this id, the newest first; empty if there is none.
    public static func ask(
        _ connection: any SQLConnection, jobID: String, cluster: String? = nil
    ) throws(StoreError) -> [JobReport] {
        let jobs = try JobStarts.jobs(connection, jobID: jobID, cluster: cluster)
        if jobs.isEmpty { return [] }
        let days = try PackedDays.daysWithRuns(connection)
        var reports: [JobReport] = []
        for job in jobs { reports.append(try report(connection, job, days)) }
        return reports
    }

    private static func report(
        _ connection: any SQLConnection, _ job: JobStarts, _ days: [Int]
    ) throws(StoreError) -> JobReport {
        let found = try runs(connection, job, on: days.filter { job.mayHaveRuns(on: $0) })
        let lastRun = found.filter { $0.restart == job.restart }.map { $0.day }.max()
        let look = connection.dialect.lookUp
        let facts = try connection.query(
            """
            SELECT \(PersonNames.name(on: PersonNames.dayOfJob(lastRun: lastRun))), a.name, q.name, p.name,
                j.num_nodes, j.state, j.exit_code, j.submit_time, j.start_time, j.end_time, j.elapsed_seconds,
                j.source, j.num_tasks, j.name, j.node_list, j.time_limit_seconds, j.array_job_id, j.array_task_id,
                j.alloc_cpus, j.cpu_seconds, j.gpus, j.req_mem, j.max_rss, j.steps
            FROM jobs j \(look) users u ON u.id = j.usr \(look) accounts a ON a.id = j.account
                \(look) qoses q ON q.id = j.qos \(look) partitions p ON p.id = j.partition
            WHERE j.id = ?
            """, [.integer(job.last)])
        let row = facts.first ?? [SQLValue](repeating: .null, count: 24)
        return JobReport(
            jobID: job.jobID, cluster: job.cluster, username: row[0].name, account: row[1].name, qos: row[2].name,
            partition: row[3].name, numNodes: row[4].integer, numTasks: row[12].integer, name: row[13].text,
            nodeList: row[14].text, timeLimitSeconds: row[15].integer, restart: job.restart,
            arrayJobID: row[16].integer, arrayTaskID: row[17].integer, state: row[5].text, exitCode: row[6].text,
            submit: row[7].integer, start: row[8].integer, end: row[9].integer, elapsedSeconds: row[10].integer,
            resources: Resources(row.suffix(6)),
            source: row[11].integer == 1 ? .slurm : .environment, firstDay: job.firstDay, lastDay: job.lastDay,
            runs: found.map { $0.run })
    }

    /// The runs of all starts of a job.
    private static func runs(
        _ connection: any SQLConnection, _ job: JobStarts, on days: [Int]
    ) throws(StoreError) -> [(run: Run, restart: Int64, day: Int64)] {
        if days.isEmpty { return [] }
        let look = connection.dialect.lookUp
        let rows = try connection.query(
            """
            SELECT s.name, \(PersonNames.name(on: "r.day")), x.name, m.name, e.python, e.prefix, r.ranks,
                r.first_seen, r.last_seen, r.stack, j.restart, r.day, r.processes, r.exceptions, r.signals, r.killed
            FROM \(connection.dialect.runs(ofJob: job.jobID, on: days)) \(look) jobs j ON j.id = r.job
                \(look) steps s ON s.id = r.step \(look) users u ON u.id = r.usr
                \(look) executables x ON x.id = r.executable \(look) programs m ON m.id = r.program
                \(look) environments e ON e.id = r.environment
            WHERE r.job IN (\(job.starts.map { String($0) }.joined(separator: ", ")))
            ORDER BY r.first_seen, s.name, u.name, x.name, m.name, r.run
            """)
        var stacks: [Int64: [Package]] = [:]
        var runs: [(run: Run, restart: Int64, day: Int64)] = []
        for row in rows {
            let stack = row[9].integer ?? 0
            let packages: [Package]
            if let known = stacks[stack] {
                packages = known
            } else {
                packages = try self.packages(connection, stack: stack)
                stacks[stack] = packages
            }
            let run = Run(
                step: row[0].text ?? "", username: row[1].text ?? "", executable: row[2].text ?? "",
                main: row[3].text ?? "", python: row[4].text ?? "", prefix: row[5].text ?? "",
                ends: EndCounts(row.suffix(4)), ranksReported: row[6].integer ?? 0, firstSeen: row[7].integer ?? 0,
                lastSeen: row[8].integer ?? 0, packages: packages)
            runs.append((run, row[10].integer ?? 0, row[11].integer ?? 0))
        }
        return runs
    }

    /// Whether it may have run on a day, counted from 1970-01-01 UTC.
    public func isOf(day: Int) -> Bool { day >= firstDay ?? 0 && day <= lastDay ?? .max }

    private static func packages(_ connection: any SQLConnection, stack: Int64) throws(StoreError) -> [Package] {
        try connection.query(
            """
            SELECT p.name, sp.version, sp.direct FROM stack_packages sp
                \(connection.dialect.lookUp) packages p ON p.id = sp.package
            WHERE sp.stack = ? ORDER BY p.name
            """, [.integer(stack)]
        ).map { Package(name: $0[0].text ?? "", version: $0[1].text, direct: $0[2].integer.map { $0 == 1 }) }
    }
}

extension JobReport {
    private static let fields: [Field<Run>] = [
        .text("step") { $0.step }, .text("user") { $0.username }, .text("program") { $0.main },
        .text("python") { $0.python }, .count("processes", of: .processes) { $0.processes },
        .count("ranks") { $0.ranksReported }, .text("end") { $0.end.name },
        .text("packages") { $0.packages.map { $0.name + ($0.version.map { "=" + $0 } ?? "") }.joined(separator: " ") },
    ]

    private static let runFields: [Field<Run>] =
        [
            .text("step_id") { $0.step }, .text("username") { $0.username }, .text("executable") { $0.executable },
            .text("main") { $0.main }, .text("python") { $0.python },
            .count("processes", of: .processes) { $0.processes }, .count("ranks_reported") { $0.ranksReported },
            .time("first_seen") { $0.firstSeen }, .time("last_seen") { $0.lastSeen }, .text("end") { $0.end.name },
            .mapping("packages") { $0.packages.map { ($0.name, $0.version) } }, .list("direct") { $0.direct },
            .text("prefix") { $0.prefix.isEmpty ? nil : $0.prefix },
        ] + EndCounts.fields { $0.ends }

    private static let dayFields: [Field<JobReport>] = [
        .day("first_day") { $0.firstDay.map { Int64($0) } }, .day("last_day") { $0.lastDay.map { Int64($0) } },
    ]

    /// All of it; its table is that of the runs.
    ///
    /// - Parameter others: further jobs with the same number; only their days are given.
    public func answer(besides others: [JobReport] = []) -> Answer {
        let runs = JSON.Member("runs", Answer(runs, JobReport.runFields).json)
        return Answer(facts(besides: others) + [runs], table: self.runs, JobReport.fields)
    }

    /// The job's data without its runs.
    public func facts(besides others: [JobReport]) -> [JSON.Member] {
        [
            JSON.Member("job_id", .text(jobID)), JSON.Member("cluster", .text(cluster)),
            JSON.Member("username", .text(username)), JSON.Member("account", .text(account)),
            JSON.Member("qos", .text(qos)), JSON.Member("partition", .text(partition)),
            JSON.Member("num_nodes", .integer(numNodes)), JSON.Member("state", .text(state)),
            JSON.Member("exit_code", .text(exitCode)), JSON.Member("submit", .time(submit)),
            JSON.Member("start", .time(start)), JSON.Member("end", .time(end)),
            JSON.Member("elapsed_seconds", .integer(elapsedSeconds)), JSON.Member("source", .text(source.rawValue)),
            JSON.Member("name", .text(name)), JSON.Member("num_tasks", .integer(numTasks)),
            JSON.Member("node_list", .text(nodeList)), JSON.Member("time_limit_seconds", .integer(timeLimitSeconds)),
            JSON.Member("restart", .integer(restart)), JSON.Member("array_job_id", .integer(arrayJobID)),
            JSON.Member("array_task_id", .integer(arrayTaskID)),
        ] + resources.members
            + (others.isEmpty ? [] : [JSON.Member("same_number", Answer(others, JobReport.dayFields).json)])
    }
}

extension JobReport.Run {
    /// The packages that the user's own code imported; nil if unknown for all of them.
    fileprivate var direct: [String]? {
        guard packages.contains(where: { $0.direct != nil }) else { return nil }
        return packages.filter { $0.direct == true }.map { $0.name }
    }
}
