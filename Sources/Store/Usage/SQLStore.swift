import Checksum
import Merge
import Record

/// The store in SQL: one set of statements for all databases.
public final class SQLStore<Connection: SQLConnection>: UsageStore {
    private let link: ReconnectingConnection<Connection>
    /// The number of the connection that the remembered values come from.
    private var knownConnection = 0
    private var resolver = SymbolResolver()
    private var fingerprints: Fingerprints?
    /// Conflicts of fingerprints that committed batches have met.
    public private(set) var fingerprintConflicts: UInt64 = 0
    private var sources = Sources()
    private var position = DurablePosition()
    private var twins = JobTwins()
    /// The number of batches to write cautiously, with a look at the tables' rows.
    private var cautiousBatches = 0
    /// The last time stale snapshots were searched for, microseconds since 1970 UTC.
    private var staleLookedFor: Int64 = 0
    /// Conflicts of the batch at hand.
    private var conflicts: UInt64 = 0
    /// The hosts whose names the store has, since the names last changed.
    private var knownHosts: (epoch: Int64, names: Set<ExactText>) = (-1, [])
    private static var mostHosts: Int { 200_000 }
    /// The epoch of the names that the resolver remembers.
    private var epoch: Int64 = 0

    /// For how many batches nothing is appended where something may be there that seems to be new: after a restart,
    /// jobs that were known before it go on for a while.
    private static var caution: Int { 16 }
    /// Microseconds.
    private static var betweenLooksForStale: Int64 { Calendar.microsecondsPerDay / 24 }

    /// - Parameter link: makes the tables, and those of `Staged.all`.
    init(_ link: ReconnectingConnection<Connection>) { self.link = link }

    public var safePosition: SourcePosition? { position.onDisk }

    public func migrate() throws(StoreError) {
        try attempt { (_: Connection) throws(StoreError) in }
    }

    public func open(
        source identity: String, formerly: String?, kind: SourceKind, host: String, incarnation: Incarnation?
    ) throws(StoreError) -> SourceState {
        sources.open(identity, formerly: formerly, kind: kind, host: host, incarnation: incarnation)
        position = DurablePosition()
        // another source may be written with another vocabulary
        resolver.forget()
        return try attempt { (connection: Connection) throws(StoreError) -> SourceState in
            try sources.rename(on: connection)
            let isKnown = try sources.isKnown(on: connection)
            let source = try sources.row(on: connection)
            if let incarnation { try sources.claim(source, as: incarnation, on: connection) }
            let found = try sources.position(of: source, on: connection)
            let parts = try HeldRecords.parts(of: source, on: connection)
            let snapshots = try HeldRecords.snapshots(on: connection)
            position = DurablePosition(committed: found)
            if position.hasEntries { cautiousBatches = SQLStore.caution }
            return SourceState(position: isKnown ? found : nil, heldParts: parts, snapshots: snapshots)
        }
    }

    public func fingerprintKey() throws(StoreError) -> SipHash.Key {
        try attempt { (connection: Connection) throws(StoreError) in try Fingerprints.key(of: connection) }
    }

    public func storedNames() throws(StoreError) -> StoredNames {
        try attempt { (connection: Connection) throws(StoreError) in try StoredNames(of: connection) }
    }

    public func canaryKey() throws(StoreError) -> CanaryKey {
        try attempt { (connection: Connection) throws(StoreError) in try CanaryKey(of: connection) }
    }

    public func commit(
        _ batch: Batch, vocabulary: Vocabulary, from: SourcePosition, to: SourcePosition
    ) throws(StoreError) -> CommitOutcome {
        try attempt { (connection: Connection) throws(StoreError) -> CommitOutcome in
            let source = try sources.row(on: connection)
            let appends = cautiousBatches == 0 ? try connection.isOnlyWriter() : false
            cautiousBatches = max(0, cautiousBatches - 1)
            let outcome: CommitOutcome
            do throws(StoreError) {
                outcome = try write(batch, vocabulary, source, from, to, appends: appends, on: connection)
            } catch {
                guard appends, case .unacceptable = error else { throw error }
                // a row that seemed new exists already, or is impossible
                cautiousBatches = SQLStore.caution
                outcome = try write(batch, vocabulary, source, from, to, appends: false, on: connection)
            }
            position.commit(to)
            if case .committed = outcome { fingerprintConflicts += conflicts }
            resolver.finishBatch()
            // the batch is in the store, even if this fails
            try? noteProgress(to, on: connection)
            twins.note(resolver.takeTwins())
            twins.unite(on: connection)
            return outcome
        }
    }

    public func beat(_ heartbeat: Heartbeat) throws(StoreError) {
        try attempt { (connection: Connection) throws(StoreError) in
            let source = try sources.row(on: connection)
            try sources.beat(heartbeat, of: source, committed: position.committed, on: connection)
            try noteProgress(nil, on: connection)
            if heartbeat.now >= staleLookedFor + SQLStore.betweenLooksForStale {
                staleLookedFor = heartbeat.now
                try HeldRecords.dropStaleSnapshots(now: heartbeat.now, on: connection)
            }
        }
    }

    public func add(_ hosts: [HostDay]) throws(StoreError) {
        try attempt { (connection: Connection) throws(StoreError) in
            let epoch = try NameEpoch.current(connection)
            if knownHosts.epoch != epoch || knownHosts.names.count > SQLStore.mostHosts { knownHosts = (epoch, []) }
            let new = hosts.filter { !knownHosts.names.contains(ExactText($0.host)) }
            if !new.isEmpty { try HostRows.addNames(new, on: connection) }
            try HostRows.add(hosts, on: connection)
            for host in new { knownHosts.names.insert(ExactText(host.host)) }
        }
    }

    public func hostCounts(today: Int) throws(StoreError) -> HostCounts? {
        try attempt { (connection: Connection) throws(StoreError) in try HostCounts.ask(connection, today: today) }
    }

    private func attempt<Result>(
        _ body: (Connection) throws(StoreError) -> Result
    ) throws(StoreError) -> Result {
        try link.attempt { (connection: Connection) throws(StoreError) -> Result in
            if knownConnection != link.connections { try learn(of: connection) }
            return try body(connection)
        }
    }

    /// Forgets the values of an earlier connection: another server may answer now, with other ids.
    private func learn(of connection: Connection) throws(StoreError) {
        resolver.forget()
        knownHosts = (-1, [])
        sources.forgetRow()
        position.forgetLog()
        if position.hasEntries { cautiousBatches = SQLStore.caution }
        epoch = try NameEpoch.current(connection)
        fingerprints = try Fingerprints(of: connection)
        knownConnection = link.connections
    }

    private func defersDisk(_ connection: Connection) -> Bool { sources.isJournal && connection.tellsLogProgress }

    /// - Parameter reached: the position of a transaction that may not have waited for the disk; nil after one that
    ///   has.
    private func noteProgress(_ reached: SourcePosition?, on connection: Connection) throws(StoreError) {
        guard defersDisk(connection) else { return position.settle() }
        if reached == nil && !position.isWaiting { return }
        guard let progress = try connection.logProgress() else { return }
        position.note(progress, after: reached)
    }

    /// - Parameter appends: whether rows that seem new are added without a look at the tables.
    private func write(
        _ batch: Batch, _ vocabulary: Vocabulary, _ source: Int64, _ from: SourcePosition, _ to: SourcePosition,
        appends: Bool, on connection: Connection
    ) throws(StoreError) -> CommitOutcome {
        guard let fingerprints else { throw .busy("the key of fingerprints has not been read") }
        var appends = appends
        for _ in 0..<5 {
            if !appends { try resolver.resolve(batch, vocabulary, fingerprints, appends: false, on: connection) }
            let outcome: CommitOutcome?
            do throws(StoreError) {
                outcome = try connection.transaction(waitsForDisk: !defersDisk(connection)) {
                    () throws(StoreError) -> CommitOutcome? in
                    let current = try NameEpoch.current(sharedBy: connection)
                    if current != epoch {
                        // names were deleted, and the resolver may remember some of them
                        epoch = current
                        resolver.forget()
                        return nil
                    }
                    return try writeRows(
                        of: batch, vocabulary, fingerprints, source, from, to, appends: appends, on: connection)
                }
            } catch {
                // the names that it learnt were not committed
                if appends { resolver.forget() }
                throw error
            }
            if let outcome { return outcome }
            // known jobs were forgotten, so they look new
            appends = false
            cautiousBatches = SQLStore.caution
        }
        throw .busy("dictionary rows were removed concurrently")
    }

    private func writeRows(
        of batch: Batch, _ vocabulary: Vocabulary, _ fingerprints: Fingerprints, _ source: Int64,
        _ from: SourcePosition, _ to: SourcePosition, appends: Bool, on connection: Connection
    ) throws(StoreError) -> CommitOutcome {
        guard
            let now = try sources.advance(source, from: from, to: to, lastArrival: batch.lastArrival, on: connection)
        else { return .alreadyCommitted }
        if from == to, try HeldRecords.hasTaken(batch.releasedParts, of: source, on: connection) {
            return .alreadyCommitted
        }
        if appends { try resolver.resolve(batch, vocabulary, fingerprints, appends: true, on: connection) }
        let firstUnpackedDay = PackedDays.firstUnpackedDay(now: now)
        twins.note(try JobClaimUpdate.write(batch.jobs, resolver, firstUnpackedDay: firstUnpackedDay, on: connection))
        var rows = RunRows(batch.runs, resolver, vocabulary, fingerprints, on: connection)
        let runs = try rows.write(appends: appends)
        let fresh = runs.new
        conflicts = resolver.conflicts + runs.conflicts
        let processes = batch.runs.reduce(0) { $0 + UInt64($1.processes) }
        try write(canaries: batch.canaries, on: connection)
        // before the parts that it copies are released
        try Quarantine.write(batch.quarantined, source, on: connection)
        try HeldRecords.write(batch, source, on: connection)
        var counters = batch.counters
        counters.add(fresh, to: IngestCounters.stored)
        counters.add(processes - fresh, to: IngestCounters.merged)
        counters.add(conflicts, to: IngestCounters.fingerprintConflict)
        try add(counters, to: source, on: connection)
        var closed: Set<Int> = []
        for run in batch.runs where run.key.day < firstUnpackedDay { closed.insert(Int(run.key.day)) }
        try PackedDays.forget(closed.sorted(), on: connection)
        return .committed(stored: fresh, merged: processes - fresh)
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
