import Merge
import Record

/// Finds the store's ids for the vocabulary's symbols and remembers them.
///
/// Names are committed before the batch that uses them, each dictionary in one short transaction in the order of the
/// names. So daemons that write at the same time cannot deadlock, and the remembered ids are always committed. A name
/// without a run does no harm. A single writer creates names in the batch's own transaction, and forgets them if that
/// fails. The names' transactions do not wait for the disk: the batch's own does, and their changes lie before it in
/// the log. If the database crashes in between, the connection breaks, and all ids are forgotten here.
struct SymbolResolver {
    private var generation = -1
    private var ids: [[Int32]] = []
    /// The claims with which the rows of new jobs were created, until the batch is committed, and the index of each
    /// job's claim.
    private var written: [JobClaim] = []
    private var writtenPlaces: [Int32] = []
    /// Rows of jobs that were created although another new row may be the same job.
    private var twins: [Int64] = []
    /// How often a fingerprint was another thing's, since the last committed batch.
    private(set) var conflicts: UInt64 = 0

    /// The id of a symbol that `resolve` has found.
    func id(_ symbol: Int32, _ dimension: Dimension) -> Int64 {
        Int64(ids[dimension.rawValue][Int(symbol)])
    }

    mutating func forget() {
        generation = -1
        conflicts = 0
    }

    /// Whether the job's row was created with exactly this claim.
    func hasWritten(_ claim: JobClaim) -> Bool {
        writtenPlace(of: claim.job).map { written[$0] == claim } ?? false
    }

    /// Whether this batch created the job's row.
    func isNew(job: Int32) -> Bool { writtenPlace(of: job) != nil }

    private func writtenPlace(of job: Int32) -> Int? {
        guard Int(job) < writtenPlaces.count else { return nil }
        let place = Int(writtenPlaces[Int(job)])
        return place < written.count && written[place].job == job ? place : nil
    }

    private mutating func note(written claim: JobClaim) {
        let missing = Int(claim.job) + 1 - writtenPlaces.count
        if missing > 0 { writtenPlaces.append(contentsOf: repeatElement(0, count: missing)) }
        writtenPlaces[Int(claim.job)] = Int32(truncatingIfNeeded: written.count)
        written.append(claim)
    }

    /// Rows of jobs made since the last call that may each be the same job as another row.
    mutating func takeTwins() -> [Int64] {
        defer { twins = [] }
        return twins
    }

    mutating func finishBatch() {
        written.removeAll(keepingCapacity: true)
        conflicts = 0
    }

    mutating func resolve<Connection: SQLConnection>(
        _ batch: Batch, _ vocabulary: Vocabulary, _ fingerprints: Fingerprints, appends: Bool,
        on connection: Connection
    ) throws(StoreError) {
        if generation != vocabulary.generation {
            ids = Dimension.allCases.map { dimension in
                // in dictionaries of names, symbol 0 is row 0; an empty environment or stack is a row like any other
                dimension == .environment || dimension == .stack ? [] : [0]
            }
            generation = vocabulary.generation
            written.removeAll(keepingCapacity: true)
        }
        for dimension in Dimension.allCases {
            let count = vocabulary[dimension].count
            let known = ids[dimension.rawValue].count
            if known < count {
                ids[dimension.rawValue].append(contentsOf: repeatElement(-1, count: count - known))
            }
        }
        let missing = missing(batch)
        for (dimension, table) in SymbolResolver.nameTables {
            let symbols = missing[dimension.rawValue]
            if symbols.isEmpty { continue }
            try resolveNames(symbols, dimension, table, vocabulary, connection)
        }
        let environments = missing[Dimension.environment.rawValue]
        if !environments.isEmpty {
            let found = try EnvironmentRows(environments, vocabulary, fingerprints).resolve(on: connection)
            take(found, environments, .environment)
        }
        let stacks = missing[Dimension.stack.rawValue]
        if !stacks.isEmpty {
            take(try StackRows(stacks, vocabulary, fingerprints).resolve(on: connection), stacks, .stack)
        }
        let jobs = missing[Dimension.job.rawValue]
        if jobs.isEmpty { return }
        let claims = SymbolResolver.claims(of: jobs, in: batch)
        if appends {
            try appendJobs(jobs, claims, vocabulary, connection)
        } else {
            try resolveJobs(jobs, claims, vocabulary, connection)
        }
    }

    static let nameTables: [(Dimension, String)] = [
        (.user, "users"), (.cluster, "clusters"), (.host, "hosts"), (.executable, "executables"),
        (.program, "programs"), (.step, "steps"), (.account, "accounts"), (.qos, "qoses"), (.partition, "partitions"),
        (.relay, "relays"),
    ]

    /// The symbols of each dimension that the batch uses and that have no id yet. Others stay without one: a name that
    /// the store refused must not block later batches.
    private func missing(_ batch: Batch) -> [[Int32]] {
        var found = [[Int32]](repeating: [], count: Dimension.allCases.count)
        func note(_ symbol: Int32, _ dimension: Dimension) {
            if ids[dimension.rawValue][Int(symbol)] < 0 { found[dimension.rawValue].append(symbol) }
        }
        for run in batch.runs {
            note(run.key.cluster, .cluster)
            note(run.job, .job)
            note(run.key.step, .step)
            note(run.key.user, .user)
            note(run.key.executable, .executable)
            note(run.key.program, .program)
            note(run.key.stack, .stack)
            note(run.key.relay, .relay)
            note(run.environment, .environment)
            note(run.host, .host)
        }
        for claim in batch.jobs {
            note(claim.job, .job)
            note(claim.user, .user)
            note(claim.account, .account)
            note(claim.qos, .qos)
            note(claim.partition, .partition)
        }
        return found.map { symbols in
            var last: Int32 = -1
            return symbols.sorted().filter { symbol in
                defer { last = symbol }
                return symbol != last
            }
        }
    }

    private mutating func take(_ rows: [[SQLValue]], _ missing: [Int32], _ dimension: Dimension) throws(StoreError) {
        for row in rows {
            guard row.count == 2, let ordinal = row[0].integer, let id = row[1].integer else { continue }
            ids[dimension.rawValue][Int(missing[Int(ordinal)])] = Int32(truncatingIfNeeded: id)
        }
        for symbol in missing where ids[dimension.rawValue][Int(symbol)] < 0 {
            throw .busy("a name of \(dimension) vanished while it was looked up")
        }
    }

    private mutating func take(_ found: FoundRows, _ missing: [Int32], _ dimension: Dimension) {
        for (symbol, id) in zip(missing, found.ids) {
            ids[dimension.rawValue][Int(symbol)] = Int32(truncatingIfNeeded: id)
        }
        conflicts += found.conflicts
    }

    private mutating func resolveNames<Connection: SQLConnection>(
        _ missing: [Int32], _ dimension: Dimension, _ table: String, _ vocabulary: Vocabulary,
        _ connection: Connection
    ) throws(StoreError) {
        let rows = try connection.transaction(waitsForDisk: false) { () throws(StoreError) -> [[SQLValue]] in
            try connection.stage(Staged.names, count: missing.count) { index, row in
                row.integer(Int64(dimension.rawValue))
                row.integer(Int64(index))
                vocabulary[dimension].withBytes(of: missing[index]) { row.text($0) }
            }
            // looking first keeps the counter of ids from growing if all names are known
            try connection.query(
                """
                INSERT INTO \(table) (name) SELECT name FROM staged_names s
                WHERE s.dimension = \(dimension.rawValue)
                AND NOT EXISTS (SELECT 1 FROM \(table) t WHERE t.name = s.name) ORDER BY name
                ON CONFLICT (name) DO NOTHING
                """)
            return try connection.query(
                """
                SELECT s.ordinal, t.id FROM staged_names s JOIN \(table) t ON t.name = s.name
                WHERE s.dimension = \(dimension.rawValue)
                """)
        }
        try take(rows, missing, dimension)
    }

    /// Creates a new job's row together with the claims of its records: adding them later would write each row twice.
    private mutating func resolveJobs<Connection: SQLConnection>(
        _ missing: [Int32], _ made: [JobClaim], _ vocabulary: Vocabulary, _ connection: Connection
    ) throws(StoreError) {
        let keys = missing.map { vocabulary[.job].withBytes(of: $0) { CompoundKey.texts(of: $0) } }
        let columns = "cluster, job_id, restart, \(JobClaim.columns.joined(separator: ", "))"
        let sameNumber = JobRecurrences.haveSameNumber("t", "s")
        let sameJob = "\(sameNumber) AND \(JobRecurrences.isNear("s", job: "t"))"
        let (rows, fresh) = try connection.transaction(waitsForDisk: false) {
            () throws(StoreError) -> ([[SQLValue]], [[SQLValue]]) in
            let clusters = try clusterIDs(of: keys.map { ExactText($0[0] ?? "") }, connection)
            try connection.stage(Staged.jobs, count: missing.count) { index, row in
                row.integer(Int64(index))
                row.integer(clusters[ExactText(keys[index][0] ?? "")] ?? 0)
                row.text(keys[index][1])
                row.integer(Int64(keys[index][2] ?? "0") ?? 0)
                stage(made[index], in: &row)
            }
            let fresh = try connection.query(
                """
                INSERT INTO jobs (\(columns), recurrence)
                SELECT \(columns), COALESCE((SELECT max(t.recurrence) + 1 FROM jobs t WHERE \(sameNumber)), 0)
                    + row_number() OVER (PARTITION BY job_id, cluster, restart ORDER BY first_day) - 1
                FROM staged_jobs s WHERE NOT EXISTS (SELECT 1 FROM jobs t WHERE \(sameJob))
                ORDER BY job_id, cluster, restart, first_day
                ON CONFLICT (job_id, cluster, restart, recurrence) DO NOTHING RETURNING id
                """)
            let rows = try connection.query(
                """
                SELECT s.ordinal, min(t.id) FROM staged_jobs s \(connection.dialect.lookUp) jobs t ON \(sameJob)
                GROUP BY s.ordinal
                """)
            return (rows, fresh)
        }
        try take(rows, missing, .job)
        let freshIDs = Set(fresh.compactMap { $0[0].integer })
        var symbols: [Int64: Int] = [:]
        for claim in made { symbols[id(claim.job, .job), default: 0] += 1 }
        for claim in made {
            let id = id(claim.job, .job)
            // if several symbols are one job, its row was created with the claim of one of them
            if freshIDs.contains(id), symbols[id] == 1 { note(written: claim) }
        }
        twins += freshIDs.filter { symbols[$0] != 1 }
    }

    /// Makes the rows of jobs that are new.
    ///
    /// - Throws: `StoreError.unacceptable` if one of them is there already.
    private mutating func appendJobs<Connection: SQLConnection>(
        _ missing: [Int32], _ made: [JobClaim], _ vocabulary: Vocabulary, _ connection: Connection
    ) throws(StoreError) {
        let ids = try connection.transaction(waitsForDisk: false) { () throws(StoreError) -> [Int32] in
            let ids = try connection.dialect.takeJobIDs(missing.count, on: connection)
            let jobs = vocabulary[.job]
            // the same for most jobs
            var names: [ExactText] = []
            let places = missing.map { job in
                jobs.withBytes(of: job) { key in
                    CompoundKey.withText(0, of: key) { cluster in
                        if let last = names.last, last.string.utf8.elementsEqual(cluster) { return names.count - 1 }
                        names.append(ExactText(String(decoding: cluster, as: UTF8.self)))
                        return names.count - 1
                    }
                }
            }
            let known = try clusterIDs(of: names, connection)
            let clusters = names.map { known[$0] ?? 0 }
            try connection.append(to: UsageTables.jobs, count: missing.count) { index, row in
                row.integer(Int64(ids[index]))
                row.integer(clusters[places[index]])
                jobs.withBytes(of: missing[index]) { key in
                    CompoundKey.withText(1, of: key) { row.text($0) }
                    row.integer(Int64(clamping: CompoundKey.withText(2, of: key, RunID.jobNumber)))
                }
                stage(made[index], in: &row)
            }
            return ids
        }
        for (index, job) in missing.enumerated() {
            self.ids[Dimension.job.rawValue][Int(job)] = ids[index]
            note(written: made[index])
        }
    }

    /// - Parameter jobs: sorted.
    private static func claims(of jobs: [Int32], in batch: Batch) -> [JobClaim] {
        let sorted = batch.jobs.sorted { $0.job < $1.job }
        var next = 0
        var claims = jobs.map { job in
            while next < sorted.count && sorted[next].job < job { next += 1 }
            return next < sorted.count && sorted[next].job == job ? sorted[next] : JobClaim(job: job)
        }
        if claims.allSatisfy({ $0.span != nil }) { return claims }
        // a job that was known has no news, and its number has been forgotten
        var spans: [Int32: JobSpan] = [:]
        for run in batch.runs {
            let span = JobSpan(started: run.started, through: run.key.day)
            spans[run.job] = spans[run.job].map { $0.united(with: span) } ?? span
        }
        for place in claims.indices where claims[place].span == nil { claims[place].span = spans[claims[place].job] }
        return claims
    }

    /// Appends a job's claim, in the order of `JobClaim.columns`.
    func stage<Row: RowWriter>(_ claim: JobClaim, in row: inout Row) {
        row.integer(id(claim.user, .user))
        row.integer(id(claim.account, .account))
        row.integer(id(claim.qos, .qos))
        row.integer(id(claim.partition, .partition))
        row.integer(claim.numNodes)
        row.integer(claim.numTasks)
        row.integer(claim.arrayJobID)
        row.integer(claim.arrayTaskID)
        row.integer(claim.hetGroup)
        row.integer(claim.span.map { Int64($0.first) })
        row.integer(claim.span.map { Int64($0.last) })
        row.integer(claim.isVouched ? 1 : 0)
    }

    /// The ids of clusters' names, which were committed before.
    private func clusterIDs<Connection: SQLConnection>(
        of names: [ExactText], _ connection: Connection
    ) throws(StoreError) -> [ExactText: Int64] {
        var known: [ExactText: Int64] = [ExactText(""): 0]
        for name in names where known[name] == nil {
            known[name] = try connection.query("SELECT id FROM clusters WHERE name = ?", [.text(name.string)])
                .first?[0].integer
        }
        return known
    }
}

extension JobClaim {
    /// The columns of `jobs` that records fill: ids first, then facts, then the days of the records, and who vouches.
    static let idColumns = ["usr", "account", "qos", "partition"]
    static let factColumns = ["num_nodes", "num_tasks", "array_job_id", "array_task_id", "het_group"]
    static let columns = idColumns + factColumns + ["first_day", "last_day", "vouched"]
}
