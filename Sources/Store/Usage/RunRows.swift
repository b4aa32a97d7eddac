import Merge
import Record

/// Writes a batch's runs, within its transaction.
enum RunRows {
    /// - Parameters:
    ///   - resolver: has the ids of all names in the runs.
    ///   - appends: whether the runs of new jobs are added without a look at the table.
    /// - Returns: the number of new runs.
    static func write(
        _ runs: [RunDelta], _ resolver: SymbolResolver, appends: Bool, on connection: some SQLConnection
    ) throws(StoreError) -> UInt64 {
        if runs.isEmpty { return 0 }
        var new: [Int] = []
        var others: [Int] = []
        for index in runs.indices.sorted(by: { runs[$0].id < runs[$1].id }) {
            // a new job's runs are new too
            if appends && resolver.isNew(job: runs[index].job) { new.append(index) } else { others.append(index) }
        }
        if !new.isEmpty {
            try connection.append(to: UsageTables.runs, count: new.count) { place, row in
                stage(runs[new[place]], resolver, in: &row)
            }
        }
        return UInt64(new.count) + (try merge(runs, others, resolver, on: connection))
    }

    /// Adds to the runs that the table has, and inserts the others.
    ///
    /// Every daemon writes runs in the order of their keys, so that two daemons cannot wait for each other.
    ///
    /// - Parameter order: the indexes of the runs, sorted by key. A temporary table returns its rows in the order in
    ///   which they were inserted.
    /// - Returns: the number of new runs.
    private static func merge(
        _ runs: [RunDelta], _ order: [Int], _ resolver: SymbolResolver, on connection: some SQLConnection
    ) throws(StoreError) -> UInt64 {
        if order.isEmpty { return 0 }
        try connection.stage(Staged.runs, count: order.count) { place, row in
            stage(runs[order[place]], resolver, in: &row)
        }
        let columns = Staged.columns(of: Staged.runs)
        let counts = ["ranks", "exceptions", "signals", "killed"].map { count in
            ", \(count) = COALESCE(runs.\(count) + excluded.\(count), runs.\(count), excluded.\(count))"
        }.joined()
        let upsert = """
            INSERT INTO runs (\(columns)) SELECT \(columns) FROM staged_runs WHERE true
            ON CONFLICT (run) DO UPDATE SET
                first_seen = CASE WHEN excluded.first_seen < runs.first_seen
                    THEN excluded.first_seen ELSE runs.first_seen END,
                last_seen = CASE WHEN excluded.last_seen > runs.last_seen
                    THEN excluded.last_seen ELSE runs.last_seen END,
                started = CASE WHEN excluded.started < runs.started
                    THEN excluded.started ELSE runs.started END,
                processes = runs.processes + excluded.processes\(counts)
            """
        return UInt64(try connection.dialect.mergeStagedRuns(upsert, on: connection))
    }

    private static func stage<Row: RowWriter>(_ run: RunDelta, _ resolver: SymbolResolver, in row: inout Row) {
        row.uuid(high: run.id.high, low: run.id.low)
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
        row.integer(Int64(run.flags.rawValue))
        row.integer(run.processes)
        row.integer(orNull: run.ranks)
        row.integer(orNull: run.exceptions)
        row.integer(orNull: run.signals)
        row.integer(orNull: run.killed)
    }
}
