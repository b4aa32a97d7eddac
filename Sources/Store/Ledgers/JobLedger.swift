import Jobs
import Record

/// The table of jobs as the batch system's side uses it. One thread uses a ledger, which may block.
public protocol JobLedger: AnyObject {
    /// Finds starts of jobs that are due and not settled by the batch system: a million at most, those first whose
    /// user is vouched for, and of each kind those that wait longest.
    ///
    /// - Parameters:
    ///   - cluster: only its jobs and those of no cluster; nil for all.
    ///   - now: microseconds since 1970 UTC.
    /// - Returns: how many there are.
    func findOpenJobs(cluster: String?, now: Int64) throws(StoreError) -> Int

    /// The next of the starts that were found and are still open; none after the last.
    func nextOpenJobs(limit: Int) throws(StoreError) -> [OpenJob]

    /// Writes the outcomes of asking for them, in one transaction.
    func note(_ outcomes: [JobOutcome]) throws(StoreError)
}

extension StoreLocation {
    /// A ledger with a connection of its own. It connects at the first call.
    public func makeJobLedger() -> any JobLedger {
        func ledger(_ dialect: some SQLDialect) -> any JobLedger {
            SQLJobLedger(link(dialect, for: .ledger, staged: [StagedFacts.table]))
        }
        return ledger(database.dialect)
    }
}

final class SQLJobLedger<Connection: SQLConnection>: JobLedger {
    /// The largest number of open jobs that are held in memory.
    private static var mostOpen: Int { 1_000_000 }

    private let link: ReconnectingConnection<Connection>
    private var found: [Int64] = []
    /// The number of those that were delivered.
    private var handedOut = 0

    init(_ link: ReconnectingConnection<Connection>) { self.link = link }

    func findOpenJobs(cluster: String?, now: Int64) throws(StoreError) -> Int {
        found.removeAll(keepingCapacity: true)
        handedOut = 0
        try link.attempt { (connection: Connection) throws(StoreError) in
            var condition = "j.settled = 0 AND j.due <= \(now)"
            if let cluster {
                let known = try connection.query("SELECT id FROM clusters WHERE name IN ('', ?)", [.text(cluster)])
                let ids = known.compactMap { $0[0].integer.map { String($0) } }
                condition += " AND j.cluster IN (\(ids.joined(separator: ", ")))"
            }
            // in one query: the index has the time when a job is due but not which jobs, and new ones are all due at
            // once
            try connection.integers(
                "SELECT j.id FROM jobs j WHERE \(condition) "
                    + "ORDER BY j.vouched DESC, j.due, j.id LIMIT \(SQLJobLedger.mostOpen)",
                atOnce: false
            ) { (row: UnsafeBufferPointer<Int64>) throws(StoreError) in found.append(row[0]) }
        }
        return found.count
    }

    func nextOpenJobs(limit: Int) throws(StoreError) -> [OpenJob] {
        while handedOut < found.count {
            let page = found[handedOut..<min(handedOut + limit, found.count)]
            let rows = try link.attempt { (connection: Connection) throws(StoreError) in
                try connection.query(
                    """
                    SELECT j.id, c.name, j.job_id, j.restart, j.attempts, j.first_day, j.last_day
                    FROM jobs j \(connection.dialect.lookUp) clusters c ON c.id = j.cluster
                    WHERE j.settled = 0 AND j.id IN (\(page.map { String($0) }.joined(separator: ", ")))
                    ORDER BY j.vouched DESC, j.due, j.id
                    """)
            }
            handedOut += page.count
            if !rows.isEmpty { return rows.compactMap(OpenJob.init(row:)) }
        }
        return []
    }

    func note(_ outcomes: [JobOutcome]) throws(StoreError) {
        var facts: [(row: Int64, facts: JobFacts)] = []
        for outcome in outcomes { if case .facts(let row, let found) = outcome { facts.append((row, found)) } }
        facts.sort { $0.row < $1.row }
        try link.attempt { (connection: Connection) throws(StoreError) in
            // names first and by themselves, like writers of usage
            if !facts.isEmpty {
                try connection.transaction { () throws(StoreError) in
                    try stage(facts, on: connection)
                    for (column, table) in StagedFacts.dictionaries { try addNames(column, table, on: connection) }
                }
            }
            try connection.transaction { () throws(StoreError) in
                if !facts.isEmpty {
                    try stage(facts, on: connection)
                    try connection.query(StagedFacts.update)
                }
                for outcome in outcomes { try noteWithoutFacts(outcome, on: connection) }
                // after the jobs' rows, like writers of usage
                try PackedDays.markStale(jobs: Set(facts.map { $0.row }), on: connection)
            }
        }
    }

    private func noteWithoutFacts(_ outcome: JobOutcome, on connection: Connection) throws(StoreError) {
        switch outcome {
        case .facts: return
        case .later(let row, let attempts, let due):
            try connection.query(
                "UPDATE jobs SET attempts = ?, due = ? WHERE id = ? AND settled = 0",
                [.integer(attempts), .integer(due), .integer(row)])
        case .unknown(let row):
            // a job that the batch system does not know has the size that a vouched claim gives it, or none
            let changed = try connection.query(
                """
                UPDATE jobs SET settled = 2, num_nodes = CASE WHEN vouched = 1 THEN num_nodes END
                WHERE id = ? AND settled = 0 RETURNING id
                """, [.integer(row)])
            if !changed.isEmpty { try PackedDays.markStale(jobs: [row], on: connection) }
        }
    }

    private func addNames(_ column: String, _ table: String, on connection: Connection) throws(StoreError) {
        try connection.query(
            """
            INSERT INTO \(table) (name) SELECT DISTINCT \(column) FROM staged_facts s
            WHERE NOT EXISTS (SELECT 1 FROM \(table) t WHERE t.name = s.\(column)) ORDER BY 1
            ON CONFLICT (name) DO NOTHING
            """)
    }

    private func stage(_ facts: [(row: Int64, facts: JobFacts)], on connection: Connection) throws(StoreError) {
        try connection.stage(StagedFacts.table, count: facts.count) { index, row in
            let found = facts[index].facts
            row.integer(facts[index].row)
            for name in [found.username, found.account, found.qos, found.partition] { row.text(storable(name ?? "")) }
            row.integer(found.uid)
            row.integer(found.numNodes)
            row.integer(found.numTasks)
            row.integer(found.arrayJobID)
            row.integer(found.arrayTaskID)
            for text in [found.name, found.nodeList, found.state, found.exitCode] { row.text(text.map(storable)) }
            row.integer(found.submit)
            row.integer(found.start)
            row.integer(found.end)
            row.integer(found.elapsedSeconds)
            row.integer(found.timeLimitSeconds)
            row.integer(found.allocatedCPUs)
            row.integer(found.cpuSeconds)
            row.integer(found.gpus)
            row.integer(found.requestedMemory)
            row.integer(found.largestResidentSet)
            row.integer(found.steps)
            row.integer(found.isFinal ? 1 : 0)
        }
    }
}

/// The temporary table for facts.
private enum StagedFacts {
    static let table = StagedTable(
        "staged_facts",
        [
            ("job", .integer), ("usr", .text), ("account", .text), ("qos", .text), ("partition", .text),
            ("uid", .integer), ("num_nodes", .integer), ("num_tasks", .integer), ("array_job_id", .integer),
            ("array_task_id", .integer), ("name", .text), ("node_list", .text), ("state", .text), ("exit_code", .text),
            ("submit_time", .integer), ("start_time", .integer), ("end_time", .integer), ("elapsed_seconds", .integer),
            ("time_limit_seconds", .integer),
        ] + resources.map { ($0, .integer) } + [("settled", .integer)])

    /// What the job was given, and what it used.
    private static let resources = ["alloc_cpus", "cpu_seconds", "gpus", "req_mem", "max_rss", "steps"]

    static let names = [("usr", "users"), ("account", "accounts"), ("qos", "qoses"), ("partition", "partitions")]

    /// The dictionaries that get the values of a column; `jobs` has the states as texts.
    static let dictionaries = names + [("state", "job_states")]

    /// Slurm's values win; values that Slurm does not have stay.
    static var update: String {
        let ids = names.map { column, table in
            "\(column) = CASE WHEN s.\(column) = '' THEN j.\(column) "
                + "ELSE (SELECT n.id FROM \(table) n WHERE n.name = s.\(column)) END"
        }
        let claims = names.map { column, _ in
            "claimed_\(column) = CASE WHEN j.source = 0 THEN NULLIF(j.\(column), 0) ELSE j.claimed_\(column) END"
        }
        let kept = [
            "uid", "num_nodes", "num_tasks", "array_job_id", "array_task_id", "name", "node_list", "submit_time",
            "start_time", "end_time", "elapsed_seconds", "time_limit_seconds",
        ]
        let columns = (kept + resources).map { "\($0) = COALESCE(s.\($0), j.\($0))" }
        return """
            UPDATE jobs AS j SET \((ids + claims + columns).joined(separator: ", ")), state = s.state,
                exit_code = s.exit_code, settled = s.settled, source = 1, attempts = 0
            FROM staged_facts s WHERE j.id = s.job AND j.settled <> 1
            """
    }
}

extension OpenJob {
    fileprivate init?(row: [SQLValue]) {
        guard let id = row[0].integer, let restart = row[3].integer else { return nil }
        var days: ClosedRange<Int64>?
        if let first = row[5].integer, let last = row[6].integer, first <= last { days = first...last }
        self.init(
            row: id, cluster: row[1].text ?? "", jobID: row[2].text ?? "", restart: restart,
            attempts: row[4].integer ?? 0, days: days)
    }
}
