import Merge
import Record

/// Writes a batch's runs, within its transaction.
struct RunRows<Connection: SQLConnection> {
    /// What became of runs.
    struct Outcome {
        /// The number of runs that are new.
        var new: UInt64 = 0
        /// How often a run's fingerprint was another run's.
        var conflicts: UInt64 = 0
    }

    private let runs: [RunDelta]
    private let resolver: SymbolResolver
    private let vocabulary: Vocabulary
    private let connection: Connection
    private var fingerprints: Fingerprints

    /// - Parameter resolver: has the ids of all names in the runs.
    init(
        _ runs: [RunDelta], _ resolver: SymbolResolver, _ vocabulary: Vocabulary, _ fingerprints: Fingerprints,
        on connection: Connection
    ) {
        self.runs = runs
        self.resolver = resolver
        self.vocabulary = vocabulary
        self.fingerprints = fingerprints
        self.connection = connection
    }

    /// - Parameter appends: whether the runs of new jobs are added without a look at the table.
    mutating func write(appends: Bool) throws(StoreError) -> Outcome {
        var outcome = Outcome()
        if runs.isEmpty { return outcome }
        var new: [(id: RunID, place: Int)] = []
        var others: [(id: RunID, place: Int)] = []
        for run in identified(Array(runs.indices), attempt: 0) {
            // a new job's runs are new too
            if appends && resolver.isNew(job: runs[run.place].job) { new.append(run) } else { others.append(run) }
        }
        if !new.isEmpty {
            try connection.append(to: UsageTables.runs, count: new.count) { place, row in
                stage(runs[new[place].place], new[place].id, in: &row)
            }
            outcome.new = UInt64(new.count)
        }
        try merge(others, &outcome)
        return outcome
    }

    /// The runs at some places, in the order of their keys. Every daemon writes them in this order, so that two daemons
    /// cannot wait for each other.
    private mutating func identified(_ places: [Int], attempt: Int) -> [(id: RunID, place: Int)] {
        var identified: [(id: RunID, place: Int)] = []
        identified.reserveCapacity(places.count)
        for place in places {
            identified.append((fingerprints.of(runs[place], resolver, vocabulary, attempt: attempt), place))
        }
        identified.sort { $0.id < $1.id }
        return identified
    }

    /// Adds to the runs that the table has, and inserts the others.
    ///
    /// A temporary table returns its rows in the order in which they were inserted.
    private mutating func merge(_ first: [(id: RunID, place: Int)], _ outcome: inout Outcome) throws(StoreError) {
        var order = first
        for attempt in 1...Fingerprints.attempts {
            if order.isEmpty { return }
            try connection.stage(Staged.runs, count: order.count) { place, row in
                stage(runs[order[place].place], order[place].id, in: &row)
            }
            let merged = try connection.dialect.mergeStagedRuns(RunRows.upsert, on: connection)
            outcome.new += UInt64(merged.new)
            if merged.written == order.count { return }
            let foreign = try foreignRows()
            let left = order.filter { foreign.contains($0.id) }.map { $0.place }
            outcome.conflicts += UInt64(left.count)
            try connection.query("DELETE FROM staged_runs")
            order = identified(left, attempt: attempt)
        }
        throw .busy("the keys of \(order.count) runs are those of others")
    }

    /// The keys of staged runs that other runs have.
    private func foreignRows() throws(StoreError) -> Set<RunID> {
        let rows = try connection.query(
            """
            SELECT s.run FROM staged_runs s \(connection.dialect.lookUp) runs r ON r.run = s.run
            WHERE NOT (\(RunRows.isSame("r", "s")))
            """)
        return Set(rows.compactMap { $0[0].bytes.flatMap(RunID.init(bytes:)) })
    }

    /// The condition that two rows with one key are one run. The job's row is not compared, because rows of jobs can
    /// become one: the key has the job's number.
    private static func isSame(_ one: String, _ other: String) -> String {
        let columns = ["usr", "flags", "stack", "program", "environment", "executable", "step", "cluster"]
        return columns.map { "\(one).\($0) = \(other).\($0)" }.joined(separator: " AND ")
            + " AND COALESCE(\(one).relay, 0) = COALESCE(\(other).relay, 0)"
    }

    private static var upsert: String {
        let columns = Staged.columns(of: Staged.runs)
        let counts = ["ranks", "exceptions", "signals", "killed"].map { count in
            ", \(count) = COALESCE(runs.\(count) + excluded.\(count), runs.\(count), excluded.\(count))"
        }.joined()
        return """
            INSERT INTO runs (\(columns)) SELECT \(columns) FROM staged_runs WHERE true
            ON CONFLICT (run) DO UPDATE SET
                first_seen = CASE WHEN excluded.first_seen < runs.first_seen
                    THEN excluded.first_seen ELSE runs.first_seen END,
                last_seen = CASE WHEN excluded.last_seen > runs.last_seen
                    THEN excluded.last_seen ELSE runs.last_seen END,
                started = CASE WHEN excluded.started < runs.started
                    THEN excluded.started ELSE runs.started END,
                processes = runs.processes + excluded.processes\(counts)
            WHERE \(isSame("runs", "excluded"))
            """
    }

    private func stage<Row: RowWriter>(_ run: RunDelta, _ id: RunID, in row: inout Row) {
        row.uuid(high: id.high, low: id.low)
        row.integer(run.firstSeen)
        row.integer(run.lastSeen)
        row.integer(run.started)
        row.integer(Int64(run.key.day))
        row.integer(resolver.id(run.key.cluster, .cluster))
        row.integer(resolver.id(run.job, .job))
        row.integer(resolver.id(run.key.step, .step))
        row.integer(resolver.id(run.key.user, .user))
        row.integer(resolver.id(run.key.executable, .executable))
        row.integer(resolver.id(run.key.program, .program))
        row.integer(resolver.id(run.key.stack, .stack))
        row.integer(resolver.id(run.environment, .environment))
        row.integer(resolver.id(run.host, .host))
        row.integer(Int64(run.sizeClass))
        row.integer(Int64(run.key.flags.rawValue))
        row.integer(run.processes)
        row.integer(orNull: run.ranks)
        row.integer(orNull: run.exceptions)
        row.integer(orNull: run.signals)
        row.integer(orNull: run.killed)
        row.integer(orNull: resolver.id(run.key.relay, .relay))
    }
}
