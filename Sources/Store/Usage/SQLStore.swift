import Merge
import Record

/// The store in SQL: one set of statements for all dialects.
public final class SQLStore<Connection: SQLConnection>: UsageStore {
    private let link: StoreLink<Connection>
    /// The connection of which what is remembered here was learned, as the link counts them.
    private var knownConnection = 0
    private var resolver = SymbolResolver()
    private var source: Int64?
    public private(set) var safePosition: SourcePosition?
    /// What the store has said that it has, whether it is on its disk or not; nil before that is known.
    private var committed: SourcePosition?
    /// What has been committed and may not be on disk yet: where the log ended behind it.
    private var unsafePositions: [(logEnd: Int64, position: SourcePosition)] = []
    private var identity: (identity: String, kind: SourceKind, host: String)?
    /// Empty where the source has none.
    private var incarnation = ""
    /// How many batches are to be written with a look at what the tables hold.
    private var patientBatches = 0
    /// When stale snapshots were last looked for, microseconds since 1970 UTC.
    private var staleLookedFor: Int64 = 0
    /// Since when the resolver remembers names.
    private var epoch: Int64 = 0
    /// Rows of jobs of which each may be one with another.
    private var twins: [Int64] = []
    /// Whether any job may be one with another: whoever found that out may not have come to see to it.
    private var looksForTwins = true

    /// - Parameter link: makes the tables, and those of `Staged.all`.
    init(_ link: StoreLink<Connection>) { self.link = link }

    public func migrate() throws(StoreError) {
        try attempt { (_: Connection) throws(StoreError) in }
    }

    public func open(
        source identity: String, kind: SourceKind, host: String, incarnation: Incarnation?
    ) throws(StoreError) -> SourceState {
        self.identity = (identity, kind, host)
        self.incarnation = incarnation?.own ?? ""
        safePosition = nil
        committed = nil
        // another source has another row, and whoever writes it may have another vocabulary
        source = nil
        resolver.forget()
        return try attempt { (connection: Connection) throws(StoreError) -> SourceState in
            let known = try connection.query("SELECT 1 FROM sources WHERE identity = ?", [.text(identity)])
            let source = try sourceID(on: connection)
            if let incarnation { try claim(source, incarnation, on: connection) }
            let row = try connection.query("SELECT sequence, tally FROM sources WHERE id = ?", [.integer(source)])
            let parts = try connection.query(
                "SELECT entry FROM held_parts WHERE source = ? ORDER BY record, part", [.integer(source)])
            let snapshots = try connection.query("SELECT record FROM snapshots")
            committed = row.first.flatMap(SourcePosition.init(row:))
            if hasCommitted { patientBatches = SQLStore.patience }
            return SourceState(
                position: known.isEmpty ? nil : committed,
                heldParts: parts.compactMap { $0[0].bytes },
                snapshots: snapshots.compactMap { $0[0].bytes.flatMap(RecordID.init(bytes:)) })
        }
    }

    public func commit(
        _ batch: Batch, vocabulary: Vocabulary, from: SourcePosition, to: SourcePosition
    ) throws(StoreError) -> CommitOutcome {
        try attempt { (connection: Connection) throws(StoreError) -> CommitOutcome in
            let source = try sourceID(on: connection)
            let appends = patientBatches == 0 ? try connection.isOnlyWriter() : false
            patientBatches = max(0, patientBatches - 1)
            let outcome: CommitOutcome
            do throws(StoreError) {
                outcome = try write(batch, vocabulary, source, from, to, appends: appends, on: connection)
            } catch {
                guard appends, case .unacceptable = error else { throw error }
                // what was taken for new is there already, or cannot be there at all
                patientBatches = SQLStore.patience
                outcome = try write(batch, vocabulary, source, from, to, appends: false, on: connection)
            }
            committed = to
            resolver.finishBatch()
            // the batch is in the store, whatever becomes of these
            try? noteProgress(to, on: connection)
            uniteJobs(on: connection)
            return outcome
        }
    }

    /// Makes one of jobs that have turned out to be one; what cannot be done now is done after the next batch.
    private func uniteJobs(on connection: Connection) {
        twins += resolver.takeTwins()
        if !looksForTwins && twins.isEmpty { return }
        for _ in 0..<20 {
            guard let isMore = try? JobRecurrences.unite(connection, among: looksForTwins ? nil : twins) else { return }
            if isMore { continue }
            (looksForTwins, twins) = (false, [])
            return
        }
    }

    /// An archive is there to be read again only as long as whoever imports it waits.
    private func defersDisk(_ connection: Connection) -> Bool {
        identity?.kind == .daemon && connection.tellsLogProgress
    }

    /// - Parameter reached: by a transaction that may not have waited for the disk; nil after one that has.
    private func noteProgress(_ reached: SourcePosition?, on connection: Connection) throws(StoreError) {
        guard defersDisk(connection) else {
            // what was written last has waited, and the log is in order
            unsafePositions = []
            safePosition = committed
            return
        }
        if reached == nil && unsafePositions.isEmpty { return }
        guard let progress = try connection.logProgress() else { return }
        if let reached { unsafePositions.append((progress.end, reached)) }
        let safe = unsafePositions.prefix { $0.logEnd <= progress.safe }
        if let last = safe.last { safePosition = last.position }
        unsafePositions.removeFirst(safe.count)
    }

    /// - Parameter appends: whether what seems to be new goes into the tables without a look at what they hold.
    private func write(
        _ batch: Batch, _ vocabulary: Vocabulary, _ source: Int64, _ from: SourcePosition, _ to: SourcePosition,
        appends: Bool, on connection: Connection
    ) throws(StoreError) -> CommitOutcome {
        var appends = appends
        for _ in 0..<5 {
            if !appends { try resolver.resolve(batch, vocabulary, appends: false, on: connection) }
            let outcome: CommitOutcome?
            do throws(StoreError) {
                outcome = try connection.transaction(waitsForDisk: !defersDisk(connection)) {
                    () throws(StoreError) -> CommitOutcome? in
                    let current = try NameEpoch.current(sharedBy: connection)
                    if current != epoch {
                        // names were taken away, and this one may remember some of them
                        epoch = current
                        resolver.forget()
                        return nil
                    }
                    return try writeRows(of: batch, vocabulary, source, from, to, appends: appends, on: connection)
                }
            } catch {
                // what it learned of names was not committed
                if appends { resolver.forget() }
                throw error
            }
            if let outcome { return outcome }
            // jobs that were known are not, and look new
            appends = false
            patientBatches = SQLStore.patience
        }
        throw .busy("names go while they are looked up")
    }

    private func writeRows(
        of batch: Batch, _ vocabulary: Vocabulary, _ source: Int64, _ from: SourcePosition, _ to: SourcePosition,
        appends: Bool, on connection: Connection
    ) throws(StoreError) -> CommitOutcome {
        guard let now = try advance(source, from: from, to: to, batch, on: connection) else { return .alreadyCommitted }
        if from == to, try hasTaken(batch.releasedParts, of: source, on: connection) { return .alreadyCommitted }
        if appends { try resolver.resolve(batch, vocabulary, appends: true, on: connection) }
        let firstOpenDay = PackedDays.firstOpenDay(now: now, isPacking: false)
        try write(claims: batch.jobs, firstOpenDay: firstOpenDay, on: connection)
        let fresh = try write(runs: batch.runs, appends: appends, on: connection)
        let processes = batch.runs.reduce(0) { $0 + UInt64($1.processes) }
        try write(canaries: batch.canaries, on: connection)
        // before the parts that it copies are released
        try write(quarantined: batch.quarantined, source, on: connection)
        try write(waiting: batch, source, on: connection)
        var counters = batch.counters
        counters.add(fresh, to: IngestCounters.stored)
        counters.add(processes - fresh, to: IngestCounters.merged)
        try add(counters, to: source, on: connection)
        var closed: Set<Int> = []
        for run in batch.runs where run.key.day < firstOpenDay { closed.insert(Int(run.key.day)) }
        try PackedDays.forget(closed.sorted(), on: connection)
        return .committed(stored: fresh, merged: processes - fresh)
    }

    /// For how many batches nothing is appended where something may be there that seems to be new: after a restart, jobs that
    /// were known before it go on for a while.
    private static var patience: Int { 16 }

    private var hasCommitted: Bool { (committed?.sequence ?? 0) > 0 }

    public func beat(_ heartbeat: Heartbeat) throws(StoreError) {
        try attempt { (connection: Connection) throws(StoreError) in
            let source = try sourceID(on: connection)
            let row = try connection.query(
                """
                UPDATE sources SET head_tally = ?, heartbeat = ?, oldest_pending = ?
                WHERE id = ? AND COALESCE(incarnation, '') = ? RETURNING sequence
                """,
                [
                    .integer(Int64(bitPattern: heartbeat.received)), .integer(heartbeat.now),
                    .integer(heartbeat.oldestPending), .integer(source), .text(incarnation),
                ]
            ).first
            // where nothing more comes, no batch finds that out
            if let committed, let found = (row?[0].integer).map({ UInt64(bitPattern: $0) }), found < committed.sequence
            {
                throw SQLStore.setBack(from: committed.sequence, to: found)
            }
            try noteProgress(nil, on: connection)
            if heartbeat.now >= staleLookedFor + Calendar.microsecondsPerDay / 24 {
                staleLookedFor = heartbeat.now
                // a node that is gone tells nothing of the ends of its processes
                try connection.query(
                    "DELETE FROM snapshots WHERE seen < ?",
                    [.integer(heartbeat.now - Snapshot.lifetimeDays * Calendar.microsecondsPerDay)])
            }
        }
    }

    private func attempt<Result>(
        _ body: (Connection) throws(StoreError) -> Result
    ) throws(StoreError) -> Result {
        try link.attempt { (connection: Connection) throws(StoreError) -> Result in
            if knownConnection != link.connections { try learn(of: connection) }
            return try body(connection)
        }
    }

    /// Forgets what an earlier connection has taught: another server may answer now, with other ids.
    private func learn(of connection: Connection) throws(StoreError) {
        resolver.forget()
        source = nil
        unsafePositions = []
        if hasCommitted { patientBatches = SQLStore.patience }
        epoch = try NameEpoch.current(connection)
        knownConnection = link.connections
    }

    private func sourceID(on connection: Connection) throws(StoreError) -> Int64 {
        if let source { return source }
        guard let identity else { throw .refused("no source has been opened") }
        try connection.query(
            "INSERT INTO sources (identity, kind, host) VALUES (?, ?, ?) ON CONFLICT (identity) DO NOTHING",
            [.text(identity.identity), .text(identity.kind.rawValue), .text(identity.host)])
        let rows = try connection.query("SELECT id FROM sources WHERE identity = ?", [.text(identity.identity)])
        guard let id = rows.first?[0].integer else { throw .busy("the source's row vanished") }
        source = id
        return id
    }

    /// Makes the source this incarnation's, unless a copy of it has taken it meanwhile.
    private func claim(_ source: Int64, _ incarnation: Incarnation, on connection: Connection) throws(StoreError) {
        let rows = try connection.query(
            "SELECT COALESCE(incarnation, '') FROM sources WHERE id = ?", [.integer(source)])
        let found = rows.first?[0].text ?? ""
        if let known = incarnation.known, found != "", found != incarnation.own, !known.contains(found) {
            throw SQLStore.copied
        }
        let claimed = try connection.query(
            "UPDATE sources SET incarnation = ? WHERE id = ? AND COALESCE(incarnation, '') = ? RETURNING id",
            [.text(incarnation.own), .integer(source), .text(found)])
        if claimed.isEmpty { throw .busy("another daemon takes up the same source") }
    }

    private static func setBack(from: UInt64, to: UInt64) -> StoreError {
        .setBack("it had entry \(from) and has \(to) now")
    }

    private static var copied: StoreError {
        .positionMoved(
            "another daemon has written here under this journal's identity, from a copy of this state directory; nothing "
                + "is written, and what this journal holds stays in it")
    }

    /// Moves the source's position, which no other transaction can do until this one ends.
    ///
    /// - Returns: the database's clock, seconds since 1970 UTC; nil if an earlier call of the same commit had moved it.
    private func advance(
        _ source: Int64, from: SourcePosition, to: SourcePosition, _ batch: Batch, on connection: Connection
    ) throws(StoreError) -> Int64? {
        let moved = try connection.query(
            """
            UPDATE sources SET sequence = ?, tally = ?,
                head_tally = CASE WHEN head_tally < ? THEN ? ELSE head_tally END,
                last_record = CASE WHEN ? > COALESCE(last_record, 0) THEN ? ELSE last_record END
            WHERE id = ? AND sequence = ? AND tally = ? AND COALESCE(incarnation, '') = ?
            RETURNING \(connection.dialect.now)
            """,
            [
                .integer(Int64(bitPattern: to.sequence)), .integer(Int64(bitPattern: to.tally)),
                .integer(Int64(bitPattern: to.tally)), .integer(Int64(bitPattern: to.tally)),
                .integer(batch.lastArrival), .integer(batch.lastArrival),
                .integer(source), .integer(Int64(bitPattern: from.sequence)), .integer(Int64(bitPattern: from.tally)),
                .text(incarnation),
            ])
        if let row = moved.first { return row[0].integer ?? .max }
        let row = try connection.query(
            "SELECT sequence, tally, COALESCE(incarnation, '') FROM sources WHERE id = ?", [.integer(source)])
        guard let values = row.first, let found = SourcePosition(row: Array(values.prefix(2))) else {
            throw .busy("the source's row vanished")
        }
        guard values[2].text == incarnation else { throw SQLStore.copied }
        if found == to { return nil }
        if found.sequence < from.sequence { throw SQLStore.setBack(from: from.sequence, to: found.sequence) }
        throw .positionMoved(
            "expected entry \(from.sequence) and found \(found.sequence); does another daemon use a copy of this state directory?"
        )
    }

    /// A batch that moves no position takes nothing but parts that were held: true if an earlier call has taken them.
    private func hasTaken(_ parts: [RecordID], of source: Int64, on connection: Connection) throws(StoreError) -> Bool {
        guard let first = parts.first else { return false }
        return try connection.query(
            "SELECT 1 FROM held_parts WHERE source = ? AND record = \(connection.dialect.keyParameter) LIMIT 1",
            [.integer(source), connection.dialect.keyValue(first.bytes)]
        ).isEmpty
    }

    private func write(claims all: [JobClaim], firstOpenDay: Int, on connection: Connection) throws(StoreError) {
        var claims = all.filter { !resolver.hasWritten($0) }
        if claims.isEmpty { return }
        // in an order that all daemons share, as in `merge`
        claims.sort { resolver.id($0.job, .job) < resolver.id($1.job, .job) }
        try connection.stage(Staged.claims, count: claims.count) { index, row in
            row.integer(resolver.id(claims[index].job, .job))
            resolver.stage(claims[index], in: &row)
        }
        twins += try JobClaimUpdate.run(connection, firstOpenDay: firstOpenDay)
    }

    /// - Returns: how many of the runs are new.
    private func write(
        runs: [RunDelta], appends: Bool, on connection: Connection
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
                stage(runs[new[place]], in: &row)
            }
        }
        return UInt64(new.count) + (try merge(runs, others, on: connection))
    }

    /// Adds to the runs that are there, and makes the others: in the order of their keys, as every daemon does.
    ///
    /// - Parameter order: the runs that it is about, sorted. A temporary table gives its rows in the order in which it took
    ///   them.
    /// - Returns: how many of the runs are new.
    private func merge(_ runs: [RunDelta], _ order: [Int], on connection: Connection) throws(StoreError) -> UInt64 {
        if order.isEmpty { return 0 }
        try connection.stage(Staged.runs, count: order.count) { place, row in stage(runs[order[place]], in: &row) }
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

    private func stage(_ run: RunDelta, in row: inout Connection.Writer) {
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

    private func write(canaries: [CanarySighting], on connection: Connection) throws(StoreError) {
        for sighting in canaries {
            try connection.query(
                """
                INSERT INTO canary_records (run, seq, expected, received) VALUES (?, ?, ?, ?)
                ON CONFLICT (run, seq) DO NOTHING
                """,
                [.text(sighting.run), .integer(sighting.sequence), .integer(sighting.of), .integer(sighting.arrival)])
        }
    }

    private func write(waiting batch: Batch, _ source: Int64, on connection: Connection) throws(StoreError) {
        for part in batch.heldParts {
            try connection.query(
                """
                INSERT INTO held_parts (source, record, part, entry) VALUES (?, \(connection.dialect.keyParameter), ?, ?)
                ON CONFLICT (source, record, part) DO NOTHING
                """,
                [.integer(source), connection.dialect.keyValue(part.id.bytes), .integer(part.part), .bytes(part.entry)])
        }
        for id in batch.releasedParts {
            try connection.query(
                "DELETE FROM held_parts WHERE source = ? AND record = \(connection.dialect.keyParameter)",
                [.integer(source), connection.dialect.keyValue(id.bytes)])
        }
        for snapshot in batch.snapshots {
            try connection.query(
                """
                INSERT INTO snapshots (record, seen, entry) VALUES (\(connection.dialect.keyParameter), ?, ?)
                ON CONFLICT (record) DO UPDATE SET seen = excluded.seen, entry = excluded.entry
                """,
                [connection.dialect.keyValue(snapshot.id.bytes), .integer(snapshot.arrival), .bytes(snapshot.entry)])
        }
        for id in batch.endedSnapshots {
            try connection.query(
                "DELETE FROM snapshots WHERE record = \(connection.dialect.keyParameter)",
                [connection.dialect.keyValue(id.bytes)])
        }
    }

    private func add(
        _ counters: IngestCounters, to source: Int64, on connection: Connection
    ) throws(StoreError) {
        for (name, value) in counters.values.sorted(by: { $0.key < $1.key }) {
            try connection.query(
                """
                INSERT INTO counters (source, name, value) VALUES (?, ?, ?)
                ON CONFLICT (source, name) DO UPDATE SET value = counters.value + excluded.value
                """,
                [.integer(source), .text(name), .integer(Int64(clamping: value))])
        }
    }
}

extension SourcePosition {
    fileprivate init?(row: [SQLValue]) {
        guard row.count == 2, let sequence = row[0].integer, let tally = row[1].integer else { return nil }
        self.init(sequence: UInt64(bitPattern: sequence), tally: UInt64(bitPattern: tally))
    }
}

extension RecordID {
    var bytes: [UInt8] {
        [high, low].flatMap { word in withUnsafeBytes(of: word.bigEndian) { [UInt8]($0) } }
    }

    init?(bytes: [UInt8]) {
        guard bytes.count == 16 else { return nil }
        let words = bytes.withUnsafeBytes { raw in
            (0..<2).map { UInt64(bigEndian: raw.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self)) }
        }
        self.init(high: words[0], low: words[1])
    }
}
