import Record

/// Turns records into additions to the store: finds duplicates, merges processes of one run, and holds parts.
///
/// A state machine without clock, input or output: time comes with the envelopes and with `expireParts`. One thread
/// uses it. The caller calls `finishBatch` after a batch has been committed.
public struct Merger: Sendable {
    /// The time for which a part waits for the other parts, microseconds.
    public static let longestPartWait: Int64 = 60_000_000

    public private(set) var batch = Batch()

    private var recent: RecentIdentifiers
    private var keys: RunKeyMaker
    private var parts: PartAssembly
    /// Identities of parts that the store held over a restart. They may be in the memory because of these parts
    /// themselves.
    private var restored: Set<RecordID> = []
    private var living: LivingProcesses
    private var runIndex: [RunKey: Int] = [:]
    private var cache = RunCache()
    private var hasher = RunHasher()
    /// Records by host and day; those of finished batches are for the store.
    public var hosts = HostTally()
    private var claims = JobClaims()
    private let canaryKey: CanaryKey
    private let maximumNodes: Int64
    /// The changes of the present batch in this memory.
    private var undo = BatchUndo()
    /// Identities that are known from an undone batch and have not been fed again.
    private var replay: Set<RecordID> = []
    /// Whether entries of an undone batch are fed again. Nothing is given up meanwhile, because the store must not
    /// refuse one entry for the sake of another.
    private var isReplaying = false
    /// Whether the last record counted had names that count as `other`.
    private var hasOtherNames = false
    /// The last sender of the batch whose names count as `other`; nil if there is none.
    public private(set) var senderOverBudget: String?

    /// - Parameters:
    ///   - running: identities of the snapshots that the store holds.
    ///   - homeCluster: the cluster of jobs whose records name none.
    ///   - maximumNodes: the largest number of nodes of a job that is believed.
    ///   - partBytes: the memory of records in parts that wait for the other parts, bytes.
    ///   - newNames: the new names that one sender may bring in an hour; nil for any number.
    ///   - storedNames: names that cost a sender nothing.
    ///   - canaryKey: that of the store's own canaries.
    ///   - userName: the name of a uid on this machine.
    public init(
        recent: RecentIdentifiers = RecentIdentifiers(), vocabulary: Vocabulary = Vocabulary(),
        running: Set<RecordID> = [], homeCluster: String? = nil, maximumNodes: Int64 = UsageRecord.mostNodes,
        partBytes: Int = 32 << 20, newNames: Int? = nil, storedNames: StoredNames = StoredNames(),
        canaryKey: CanaryKey = .random(),
        userName: @escaping @Sendable (UInt32) -> UserName = { _ in .unknown }
    ) {
        self.recent = recent
        keys = RunKeyMaker(
            vocabulary: vocabulary, homeCluster: homeCluster ?? "", names: UserNames(find: userName),
            budget: NameBudget(names: newNames, stored: storedNames))
        living = LivingProcesses(running)
        parts = PartAssembly(maximumBytes: partBytes)
        self.canaryKey = canaryKey
        self.maximumNodes = min(maximumNodes, UsageRecord.mostNodes)
        batch.runs.reserveCapacity(10_000)
    }

    public var vocabulary: Vocabulary { keys.vocabulary }

    /// The memory of the records in parts that wait, bytes.
    public var partBytes: Int { parts.byteCount }

    /// The new names that one sender may bring in an hour; nil for any number.
    public var newNames: Int? {
        get { keys.budget.names }
        set { keys.budget.names = newValue }
    }

    /// Whether the batch should be written although it has few records: it holds many bytes of parts and snapshots, or
    /// many new stacks, or the vocabulary is full.
    public var isBatchHeavy: Bool {
        batch.entryBytes > Merger.mostEntryBytes || keys.budget.newPackages > Merger.mostNewPackages || keys.isFull
    }

    private static let mostEntryBytes = 16 << 20
    private static let mostNewPackages = 100_000

    /// The first journal sequence number that is needed to rebuild the memory of duplicates.
    public var oldestRememberedSequence: UInt64 { recent.oldestSequence }

    /// Whether records are of runs that other records have shown, so that it is worth while to make digests of them.
    public var wantsDigests: Bool { !cache.isDisabled }

    /// Takes one record by its digest, where another record has shown its run.
    ///
    /// - Parameter sequence: the journal's number of its entry.
    /// - Returns: false where the record itself is needed; then nothing has changed.
    public mutating func add(_ digest: RunDigest, _ envelope: Envelope, sequence: UInt64) -> Bool {
        let (time, isAhead) = envelope.time(digest.eventTime)
        let day = Calendar.day(ofMicroseconds: time)
        guard let known = cache.find(digest.runHash, day: day),
            !startsEarlier(time - RunDelta.lifetime(digest.elapsed), thanJobOf: known.run),
            let host = hosts.place(of: digest.hostHash, day: day)
        else { return false }
        batch.messages += 1
        batch.lastArrival = max(batch.lastArrival, envelope.arrival)
        guard isNew(digest.id, envelope, sequence: sequence) else {
            batch.counters.add(1, to: IngestCounters.duplicate)
            return true
        }
        endSnapshot(of: digest.id)
        hosts.count(host, at: time)
        if isAhead { batch.counters.add(1, to: IngestCounters.clockAhead) }
        if RunDelta.isDoubted(digest.elapsed) { batch.counters.add(1, to: IngestCounters.doubtedElapsed) }
        if known.hasForeignName { batch.counters.add(1, to: IngestCounters.foreignName) }
        batch.runs[known.run].add(elapsed: digest.elapsed, end: digest.end, hasRank: digest.hasRank, time: time)
        return true
    }

    /// Takes one record.
    ///
    /// - Parameters:
    ///   - sequence: the number of its journal entry.
    ///   - entry: the journal entry, for records that must be kept as they came.
    ///   - runHash: the run's hash, if it is known.
    public mutating func add(
        _ record: UsageRecord, _ envelope: Envelope, sequence: UInt64, entry: UnsafeRawBufferPointer,
        runHash: RunHash? = nil
    ) {
        batch.messages += 1
        batch.lastArrival = max(batch.lastArrival, envelope.arrival)
        if record.unknownKeys > 0 { batch.counters.add(UInt64(record.unknownKeys), to: IngestCounters.unknownKeys) }
        if record.end == .running { return addSnapshot(record, envelope, entry: entry) }
        if (record.parts ?? 1) > 1 {
            return addPart(record, envelope, sequence: sequence, entry: entry)
        }
        guard record.isLegacy || isNew(record.id, envelope, sequence: sequence) else {
            return batch.counters.add(1, to: IngestCounters.duplicate)
        }
        count(record, envelope, runHash: runHash)
    }

    /// Takes counts of the receiving half.
    public mutating func add(tally: [(name: String, count: UInt64)]) {
        for (name, count) in tally { batch.counters.add(count, to: name) }
    }

    /// Counts messages that were accepted but cannot be stored.
    public mutating func reject(_ reason: RejectReason, count: UInt64 = 1) {
        batch.counters.add(count, to: IngestCounters.rejected(reason))
    }

    /// Notes the identity of a record that was committed before a restart.
    public mutating func remember(_ record: UsageRecord, _ envelope: Envelope, sequence: UInt64) {
        guard !record.isLegacy, record.end != .running else { return }
        remember(record.id, envelope, sequence: sequence)
    }

    /// Notes the identity of a record that was committed before a restart; not of a snapshot.
    public mutating func remember(_ id: RecordID, _ envelope: Envelope, sequence: UInt64) {
        _ = recent.insert(id, arrival: envelope.arrival, sequence: sequence)
    }

    /// Takes an entry that the store refused: it is kept as it is, and counted as refused.
    ///
    /// - Parameter record: the entry's record, if it has one.
    public mutating func quarantine(
        _ record: UsageRecord?, entry: UnsafeRawBufferPointer, sequence: UInt64, arrival: Int64, reason: String,
        noticed: Int64
    ) {
        batch.messages += 1
        batch.lastArrival = max(batch.lastArrival, arrival)
        reject(.refusedByStore)
        // its identity stays known, so that the same message again is a duplicate; a record in parts may still be
        // completed
        if let record, (record.parts ?? 1) <= 1 { replay.remove(record.id) }
        batch.quarantined.append(
            QuarantinedRecord(.entry(sequence: sequence, bytes: [UInt8](entry)), reason: reason, noticed: noticed))
    }

    /// - Parameter now: as `expireParts` was told.
    public mutating func quarantineExpiredPart(now: Int64, reason: String, noticed: Int64) {
        undo.keep(parts, restored)
        for assembled in parts.expire(now: now, longestWait: Merger.longestPartWait, limit: 1) {
            let id = assembled.record.id
            restored.remove(id)
            replay.remove(id)
            reject(.refusedByStore, count: UInt64(assembled.messages))
            batch.releasedParts.append(id)
            batch.quarantined.append(QuarantinedRecord(.heldParts(id), reason: reason, noticed: noticed))
        }
    }

    /// Removes the quarantined records from the batch, because they are kept elsewhere. They still count as refused.
    public mutating func forgetQuarantined() { batch.quarantined.removeAll() }

    /// Restores a part that the store held over a restart: it has been counted as a message already.
    public mutating func restore(part record: UsageRecord, _ envelope: Envelope) {
        _ = parts.add(record, envelope, sequence: 0, isRestored: true)
        restored.insert(record.id)
    }

    /// Takes the parts that have waited for too long, incomplete as they are.
    ///
    /// - Parameters:
    ///   - now: microseconds since 1970 UTC.
    ///   - limit: maximum number of records.
    /// - Returns: the number of records taken.
    @discardableResult
    public mutating func expireParts(now: Int64, limit: Int = .max) -> Int {
        guard !parts.isEmpty else { return 0 }
        undo.keep(parts, restored)
        let expired = parts.expire(now: now, longestWait: Merger.longestPartWait, limit: limit)
        for assembled in expired {
            batch.counters.add(1, to: IngestCounters.incompleteParts)
            finish(assembled)
        }
        return expired.count
    }

    /// Forgets the batch once the store has it.
    public mutating func finishBatch() {
        hosts.keepBatch()
        forgetBatch()
        parts.finishBatch()
        living.finishBatch()
        if keys.emptyIfFull() { claims.removeAll() }
    }

    /// Undoes the batch, so that the same entries can be fed again, in smaller batches or without some of them.
    public mutating func undoBatch() {
        if let before = undo.parts { (parts, restored) = before }
        replay.formUnion(undo.newIDs)
        for (id, before) in undo.living.reversed() { living[id] = before }
        living.finishBatch()
        isReplaying = true
        for (job, claim) in undo.claims { claims[job] = claim }
        forgetBatch()
    }

    /// Ends the replay after `undoBatch`: entries that were not fed by now will not be fed again.
    public mutating func endReplay() {
        // the other parts of a record may yet make it whole, though the store refused one of them
        replay = replay.filter { parts.holds($0) }
        isReplaying = false
    }

    private mutating func forgetBatch() {
        hosts.forgetBatch()
        batch.reset()
        keys.budget.finishBatch()
        senderOverBudget = nil
        undo.reset()
        runIndex.removeAll(keepingCapacity: true)
        cache.reset()
    }

    private func isKnown(_ id: RecordID) -> Bool { recent.contains(id) && !replay.contains(id) }

    private mutating func isNew(_ id: RecordID, _ envelope: Envelope, sequence: UInt64) -> Bool {
        let isFedAgain = !replay.isEmpty && replay.remove(id) != nil
        guard isFedAgain || recent.insert(id, arrival: envelope.arrival, sequence: sequence) else { return false }
        undo.newIDs.append(id)
        return true
    }

    private mutating func addSnapshot(
        _ record: UsageRecord, _ envelope: Envelope, entry: UnsafeRawBufferPointer
    ) {
        if isKnown(record.id) { return batch.counters.add(1, to: IngestCounters.duplicate) }
        let sender = Sender(envelope)
        guard living.admits(record.id, of: sender, now: envelope.arrival) else { return reject(.tooManySnapshots) }
        // it merges into the final record, or into an earlier snapshot, of the same process
        batch.counters.add(1, to: IngestCounters.merged)
        undo.living.append((record.id, living[record.id]))
        living[record.id] = LivingProcesses.Process(
            sender: living[record.id].map { $0.sender } ?? sender, seen: envelope.arrival)
        batch.note(Snapshot(id: record.id, arrival: envelope.arrival, entry: [UInt8](entry)))
    }

    private mutating func endSnapshot(of id: RecordID) {
        guard !living.isEmpty, let known = living[id] else { return }
        undo.living.append((id, known))
        living[id] = nil
        batch.endedSnapshots.append(id)
    }

    private mutating func addPart(
        _ record: UsageRecord, _ envelope: Envelope, sequence: UInt64, entry: UnsafeRawBufferPointer
    ) {
        if !restored.contains(record.id), isKnown(record.id) {
            return batch.counters.add(1, to: IngestCounters.duplicate)
        }
        undo.keep(parts, restored)
        switch parts.add(record, envelope, sequence: sequence) {
        case .duplicate: batch.counters.add(1, to: IngestCounters.duplicate)
        case .waits:
            batch.hold(HeldPart(id: record.id, part: record.part ?? 1, entry: [UInt8](entry)))
            if isReplaying { return }
            while let given = parts.giveUp(of: Sender(envelope)) {
                batch.counters.add(1, to: IngestCounters.incompleteParts)
                finish(given)
            }
        case .whole(let assembled): finish(assembled)
        }
    }

    private mutating func finish(_ assembled: PartAssembly.Assembled) {
        batch.letGo(assembled.record.id)
        if assembled.isStored { batch.releasedParts.append(assembled.record.id) }
        batch.counters.add(UInt64(assembled.clippedPackages), to: IngestCounters.clippedPackages)
        let wasRestored = restored.remove(assembled.record.id) != nil
        let isFirst =
            assembled.record.isLegacy
            || isNew(assembled.record.id, assembled.envelope, sequence: assembled.sequence)
        guard isFirst || wasRestored else {
            return batch.counters.add(UInt64(assembled.messages), to: IngestCounters.duplicate)
        }
        batch.counters.add(UInt64(assembled.messages - 1), to: IngestCounters.merged)
        count(assembled.record, assembled.envelope)
    }

    private mutating func count(_ record: UsageRecord, _ envelope: Envelope, runHash: RunHash? = nil) {
        // an older message has no identity, and so ends no snapshot
        if !record.isLegacy { endSnapshot(of: record.id) }
        if let mark = record.canary { return batch.count(mark, of: record, envelope, provenBy: canaryKey) }
        let (time, isAhead) = envelope.time(record.eventTime)
        if isAhead { batch.counters.add(1, to: IngestCounters.clockAhead) }
        let day = Calendar.day(ofMicroseconds: time)
        if RunDelta.isDoubted(record.elapsed) { batch.counters.add(1, to: IngestCounters.doubtedElapsed) }
        let isDoubtful = record.numNodes.map { $0 > maximumNodes } ?? false
        if isDoubtful { batch.counters.add(1, to: IngestCounters.doubtedNodes) }
        hosts.count(record, envelope, hasher.hash(ofHost: record), day: day, at: time, named: &keys)
        guard !cache.isDisabled, !isDoubtful, let runHash = runHash ?? hasher.hash(of: record, envelope) else {
            _ = count(record, envelope, day: day, time: time)
            return
        }
        if let known = cache.find(runHash, day: day),
            !startsEarlier(time - RunDelta.lifetime(record.elapsed), thanJobOf: known.run)
        {
            if known.hasForeignName { batch.counters.add(1, to: IngestCounters.foreignName) }
            batch.runs[known.run].add(record, time: time)
        } else {
            let run = count(record, envelope, day: day, time: time)
            // the same record of another sender may keep its names
            if !hasOtherNames {
                cache.note(RunCache.Entry(run: run, hasForeignName: keys.hasForeignName), runHash, day: day)
            }
        }
    }

    /// - Returns: the run's index in the batch.
    private mutating func count(_ record: UsageRecord, _ envelope: Envelope, day: Int32, time: Int64) -> Int {
        keys.budget.begin(envelope)
        let number = keys.jobNumber(of: record)
        let span = JobSpan(started: time - RunDelta.lifetime(record.elapsed), through: day)
        let job = number == 0 ? 0 : self.job(of: number, span)
        let runKey = keys.key(of: record, envelope, day: day, job: number)
        let index: Int
        if let known = runIndex[runKey] {
            index = known
        } else {
            index = batch.runs.count
            runIndex[runKey] = index
            batch.runs.append(newRun(runKey, job, record, envelope, time: time))
        }
        batch.runs[index].add(record, time: time)
        if job != 0 { claim(job, of: record, user: runKey.user, isVouched: runKey.flags.contains(.vouched), span) }
        batch.counters.add(keys.takeClippedTexts(), to: IngestCounters.clippedTexts)
        if keys.hasForeignName { batch.counters.add(1, to: IngestCounters.foreignName) }
        let replaced = keys.budget.takeReplaced()
        hasOtherNames = replaced > 0
        if hasOtherNames { senderOverBudget = keys.budget.payer }
        batch.counters.add(replaced, to: IngestCounters.otherNames)
        return index
    }

    /// The symbol of the job that had a number on some days: that of the number itself, or a new one if it has been
    /// reused.
    private mutating func job(of number: Int32, _ span: JobSpan) -> Int32 {
        if let known = claims.job(of: number, span) { return known }
        let job = keys.job(of: number, again: claims.count(of: number))
        claims.note(job: job, again: number, span)
        return job
    }

    /// Whether a process began on an earlier day than all that is known of the job of a run, so that the job must
    /// hear of it.
    private func startsEarlier(_ started: Int64, thanJobOf run: Int) -> Bool {
        // most processes began on the day of their run; this check needs no copy of the run
        guard started < Int64(batch.runs[run].key.day) * Calendar.microsecondsPerDay, batch.runs[run].job != 0 else {
            return false
        }
        let span = JobSpan(started: started, through: batch.runs[run].key.day)
        return !(claims[batch.runs[run].job]?.span?.contains(span) ?? false)
    }

    /// The number of nodes of a job: nil if the record has none, or an impossible one.
    private func nodes(_ record: UsageRecord) -> Int64? {
        record.numNodes.flatMap { $0 > maximumNodes ? nil : $0 }
    }

    private mutating func newRun(
        _ runKey: RunKey, _ job: Int32, _ record: UsageRecord, _ envelope: Envelope, time: Int64
    ) -> RunDelta {
        let nodes = runKey.job == 0 ? 0 : nodes(record) ?? 0
        return RunDelta(
            key: runKey, job: job, environment: runKey.environment,
            host: keys.symbol(record, .host, .host),
            sizeClass: nodes <= 0 ? 0 : Int32(64 - UInt64(nodes).leadingZeroBitCount),
            firstSeen: time, lastSeen: time, started: time)
    }

    private mutating func claim(
        _ job: Int32, of record: UsageRecord, user: Int32, isVouched: Bool, _ span: JobSpan
    ) {
        var claim = claims[job] ?? JobClaim(job: job)
        let before = claim
        if isVouched, !claim.isVouched {
            // what no one vouches for is forgotten
            claim = JobClaim(job: job)
            claim.isVouched = true
        }
        claim.span = before.span.map { $0.united(with: span) } ?? span
        if isVouched || !claim.isVouched { fill(&claim, record, user) }
        guard claim != before else { return }
        let known = claims[job]
        claims[job] = claim
        if let index = claims.place(of: job, in: batch.jobs) {
            batch.jobs[index] = claim
        } else {
            undo.claims.append((job, known))
            claims.note(place: batch.jobs.count, of: job)
            batch.jobs.append(claim)
        }
    }

    /// Adds what a record says of its job, where nothing is known yet.
    private mutating func fill(_ claim: inout JobClaim, _ record: UsageRecord, _ user: Int32) {
        if claim.user == 0 { claim.user = user }
        if claim.account == 0 { claim.account = keys.symbol(record, .account, .account) }
        if claim.qos == 0 { claim.qos = keys.symbol(record, .qos, .qos) }
        if claim.partition == 0 { claim.partition = keys.symbol(record, .partition, .partition) }
        claim.numNodes = claim.numNodes ?? nodes(record)
        claim.numTasks = claim.numTasks ?? record.numTasks
        claim.arrayJobID = claim.arrayJobID ?? record.arrayJobID
        claim.arrayTaskID = claim.arrayTaskID ?? record.arrayTaskID
        claim.hetGroup = claim.hetGroup ?? record.hetGroup
    }
}
