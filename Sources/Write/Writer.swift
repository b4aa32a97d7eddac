import DaemonMetrics
import Glibc
import Journal
import Logging
import Merge
import Record
import Settings
import Store
import SystemClock
import Threads
import Wire

/// The right half of the flow: reads the journal, merges, and writes batches to the store, each with the position
/// that it reaches.
///
/// One thread runs it, with a connection of its own. While the store is away the writer waits, longer each time and
/// by a random part of the time more or less, so that daemons do not come back together. The journal keeps what
/// comes.
public final class Writer {
    let journal: Journal
    let refusedFile: RefusedFile
    private let store: any UsageStore
    private let activity: StoreActivity
    private let settled: SettledMemory
    private let limits: Tunable<MergeSettings>
    let metrics: IngestMetrics
    private let digests: DigestDemand
    let stop: StopSignal
    private let tried: Latch
    let logger: Logger

    var merger: Merger
    private let homeCluster: String?
    var parser = MessageParser()
    var record = UsageRecord()
    var position = JournalPosition(sequence: 0, tally: 0)
    /// The arrival of the first message of the present batch.
    private var oldestInBatch: Int64?
    /// The time when the present batch got its last message, microseconds since 1970 UTC.
    private var filled: Int64 = 0
    private var hostStage = HostStage()
    private var lastBeat = 0
    /// nil before the first time.
    private var lastTidied: Int?
    /// Whether the store was usable once: then any error of it may pass.
    private var hasOpened = false
    /// The time from which a sender over its budget is told again, microseconds since 1970 UTC.
    private var nextTold: Int64 = 0
    private static let betweenWarnings: Int64 = 60_000_000

    /// - Parameters:
    ///   - stop: makes the writer drain the journal and end.
    ///   - tried: opened once the store answers again, or has failed to.
    ///   - homeCluster: the cluster of records that name none.
    public init(
        journal: Journal, refusedFile: RefusedFile, store: any UsageStore, activity: StoreActivity,
        settled: SettledMemory, limits: Tunable<MergeSettings>, metrics: IngestMetrics, digests: DigestDemand,
        stop: StopSignal, tried: Latch, logger: Logger, homeCluster: String? = nil
    ) {
        self.homeCluster = homeCluster
        merger = Merger(
            homeCluster: homeCluster, maximumNodes: Int64(limits.current.maximumNodes), userName: PasswordDatabase.name)
        self.journal = journal
        self.refusedFile = refusedFile
        self.store = store
        self.activity = activity
        self.settled = settled
        self.limits = limits
        self.metrics = metrics
        self.digests = digests
        self.stop = stop
        self.tried = tried
        self.logger = logger
    }

    /// Runs until the stop signal, and then until the journal is in the store or the store cannot be reached.
    ///
    /// - Throws: errors that no waiting can mend.
    public func run() throws {
        while true {
            guard let opened = try patiently("open", { () throws(StoreError) in try self.openSource() }) else { return }
            hasOpened = true
            do {
                return try write(from: try resume(from: opened))
            } catch StoreError.setBack(let why) {
                logger.warning(
                    "the store has lost data; it is written again from the journal", metadata: ["why": "\(why)"])
            }
        }
    }

    private func write(from reader: JournalReader) throws {
        while true {
            let isDraining = stop.isRequested
            let reached = try fill(from: reader, isDraining: isDraining)
            merger.expireParts(now: wallClock())
            if reached != position || !merger.batch.isEmpty {
                guard try commit(upTo: reached) else { return }
            }
            guard try writeHosts(now: steadyMilliseconds(), isDraining: isDraining) else { return }
            if isDraining && position == journal.head {
                _ = try beat(oldestPending: nil)
                return
            }
            guard try beatIfDue() else { return }
        }
    }

    /// What the store has when the writer begins.
    private struct Opened {
        let state: SourceState
        let canaryKey: CanaryKey
        let storedNames: StoredNames
    }

    private func openSource() throws(StoreError) -> Opened {
        try store.migrate()
        let state = try store.open(
            source: journal.identity, kind: .daemon, host: hostName(),
            incarnation: journal.incarnation.map { Incarnation(own: $0.own, known: $0.known) })
        // if this fails, the store still knows one of the two incarnations in the file
        do throws(JournalError) { try journal.confirmIncarnation() } catch {
            logger.warning("could not write the journal's incarnation", metadata: ["why": "\(error)"])
        }
        return Opened(state: state, canaryKey: try store.canaryKey(), storedNames: try store.storedNames())
    }

    /// Rebuilds the memory from before a restart: identities for recognising duplicates, and parts that wait.
    private func resume(from opened: Opened) throws -> JournalReader {
        let state = opened.state
        merger = Merger(
            running: Set(state.snapshots), homeCluster: homeCluster, maximumNodes: Int64(limits.current.maximumNodes),
            storedNames: opened.storedNames, canaryKey: opened.canaryKey, userName: PasswordDatabase.name)
        position = state.position.map { JournalPosition(sequence: $0.sequence, tally: $0.tally) } ?? position
        settled.note(position)
        // the disk may have lost entries that the store has: new entries must not reuse their numbers
        try journal.advance(to: position)
        for entry in state.heldParts {
            entry.withUnsafeBytes { bytes in
                guard case .message(let envelope, let json)? = Entry.read(bytes),
                    parser.parse(record: json, into: &record) == nil
                else { return }
                merger.restore(part: record, envelope)
            }
        }
        let reader = try journal.reader(at: nil)
        var remembered = 0
        while reader.position.sequence < position.sequence {
            guard
                try reader.next({ frame in
                    frame.forEach { sequence, bytes in
                        // the store's position may lie within a frame
                        guard sequence < position.sequence,
                            case .message(let envelope, let json)? = Entry.read(bytes)
                        else { return }
                        if let digest = Entry.digest(of: bytes) {
                            merger.remember(digest.id, envelope, sequence: sequence)
                        } else {
                            guard parser.parse(record: json, into: &record) == nil else { return }
                            merger.remember(record, envelope, sequence: sequence)
                        }
                        remembered += 1
                    }
                })
            else { break }
        }
        logger.info(
            "writing to the store",
            metadata: [
                "from_entry": "\(position.sequence)", "behind": "\(journal.head.tally &- position.tally)",
                "identities_remembered": "\(remembered)",
            ])
        metrics.update {
            $0.storeUnavailable = false
            $0.lastProgress = steadyMilliseconds()
            $0.settled = state.position?.tally ?? 0
            $0.oldestPending = nil
        }
        tried.open()
        return try journal.reader(at: position)
    }

    /// Reads frames into the batch until it is full or has reached its greatest age.
    private func fill(from reader: JournalReader, isDraining: Bool) throws -> JournalPosition {
        let settings = limits.current
        var reached = position
        var deadline: Int?
        var frames = 0
        oldestInBatch = nil
        merger.newNames = settings.newNamesPerHour == 0 ? nil : settings.newNamesPerHour
        // frames are counted too, because a frame with only counts of rejects adds no message to the batch
        while merger.batch.messages < settings.batchRecords && frames < settings.batchRecords
            && !merger.isBatchHeavy
        {
            var skipped: UInt64 = 0
            let found = try reader.next { frame in
                skipped = frame.skippedTally
                frame.forEach { sequence, bytes in self.take(bytes, sequence: sequence) }
            }
            if found {
                if skipped > 0 {
                    logger.error("skipped a damaged part of the journal", metadata: ["messages": "\(skipped)"])
                    merger.reject(.journalDamaged, count: skipped)
                }
                reached = reader.position
                frames += 1
                deadline = deadline ?? steadyMilliseconds() + settings.batchDelayMilliseconds
                continue
            }
            if isDraining { break }
            let now = steadyMilliseconds()
            let wait = (deadline ?? now + 500) - now
            if wait <= 0 { break }
            if !journal.waitForAppend(after: reader.position, timeoutMilliseconds: wait), deadline == nil { break }
            if stop.isRequested { break }
        }
        filled = wallClock()
        return reached
    }

    func take(_ bytes: UnsafeRawBufferPointer, sequence: UInt64) {
        switch Entry.read(bytes) {
        case .message(let envelope, let json):
            if oldestInBatch == nil {
                oldestInBatch = envelope.arrival
                metrics.update { $0.oldestPending = envelope.arrival }
            }
            let digest = Entry.digest(of: bytes)
            if let digest, merger.add(digest, envelope, sequence: sequence) { return }
            if let reason = parser.parse(record: json, into: &record) { return merger.reject(reason) }
            merger.add(record, envelope, sequence: sequence, entry: bytes, runHash: digest?.runHash)
        case .tally(let tally): merger.add(tally: tally)
        case nil: merger.reject(.journalDamaged)
        }
    }

    /// - Returns: false if the daemon stops while the store is unavailable.
    private func commit(upTo reached: JournalPosition) throws -> Bool {
        switch try attempt(upTo: reached) {
        case .done: return true
        case .stopped: return false
        case .refused(let why): return try isolate(upTo: reached, why: why)
        }
    }

    enum Attempt {
        case done
        /// The daemon stops while the store is unavailable.
        case stopped
        /// The store refused some of the batch's data.
        case refused(String)
    }

    /// Writes the batch with its position.
    func attempt(upTo reached: JournalPosition) throws -> Attempt {
        let from = SourcePosition(position)
        let to = SourcePosition(reached)
        do {
            let outcome = try patiently("write") { () throws(StoreError) in
                try self.store.commit(self.merger.batch, vocabulary: self.merger.vocabulary, from: from, to: to)
            }
            guard let outcome else { return .stopped }
            finish(outcome, reached)
            return .done
        } catch StoreError.unacceptable(let why) {
            return .refused(why)
        }
    }

    private func finish(_ outcome: CommitOutcome, _ reached: JournalPosition) {
        let counters = merger.batch.counters
        let lastArrival = merger.batch.lastArrival
        let conflicts = store.fingerprintConflicts
        metrics.update { snapshot in
            for name in [
                IngestCounters.duplicate, IngestCounters.rejected(.refusedByStore),
                IngestCounters.rejected(.tooManySnapshots), IngestCounters.rejected(.unprovenCanary),
                IngestCounters.clockAhead, IngestCounters.doubtedElapsed,
                IngestCounters.doubtedNodes, IngestCounters.foreignName, IngestCounters.incompleteParts,
                IngestCounters.clippedPackages, IngestCounters.otherNames,
            ] {
                snapshot.counters.add(counters[name], to: name)
            }
            let known = snapshot.counters[IngestCounters.fingerprintConflict]
            snapshot.counters.add(conflicts > known ? conflicts - known : 0, to: IngestCounters.fingerprintConflict)
            if case .committed(let stored, let merged) = outcome {
                snapshot.counters.add(stored + counters[IngestCounters.stored], to: IngestCounters.stored)
                snapshot.counters.add(merged + counters[IngestCounters.merged], to: IngestCounters.merged)
            }
            snapshot.settled = reached.tally
            // messages that arrived meanwhile are read next
            snapshot.oldestPending = self.journal.head == reached ? nil : filled
            snapshot.batches += 1
            snapshot.lastProgress = steadyMilliseconds()
            snapshot.lastRecord = max(snapshot.lastRecord, lastArrival)
        }
        if let sender = merger.senderOverBudget, filled >= nextTold || filled < nextTold - Writer.betweenWarnings {
            nextTold = filled + Writer.betweenWarnings
            logger.warning(
                "a sender brings too many new names; they count as 'other' until the next hour",
                metadata: ["sender": "\(sender)", "names": "\(counters[IngestCounters.otherNames])"])
        }
        position = reached
        settled.note(reached)
        merger.finishBatch()
        digests.set(merger.wantsDigests)
        releaseJournal()
    }

    /// Gives up the entries that the store has on disk.
    private func releaseJournal() {
        guard let safe = store.safePosition else { return }
        journal.release(
            upTo: JournalPosition(sequence: safe.sequence, tally: safe.tally),
            keepingSequencesFrom: merger.oldestRememberedSequence)
    }

    /// Deletes what the journal keeps longer than the site wants, and counts the hosts, every ten minutes.
    ///
    /// - Returns: false if the daemon stops while the store is unavailable.
    private func tidy() throws -> Bool {
        if let lastTidied, lastBeat - lastTidied < 600_000 { return true }
        lastTidied = lastBeat
        journal.expire()
        let today = Int(wallClock() / Calendar.microsecondsPerDay)
        let counts = try patiently("hosts") { () throws(StoreError) in try self.store.hostCounts(today: today) }
        guard let counts else { return false }
        metrics.update {
            $0.heardHosts = UInt64(counts?.heard ?? 0)
            $0.silentHosts = UInt64(counts?.silent ?? 0)
        }
        return true
    }

    /// Writes the counts of hosts if they are due. If the daemon is killed before, they are lost.
    ///
    /// - Returns: false if the daemon stops while the store is unavailable.
    private func writeHosts(now: Int, isDraining: Bool) throws -> Bool {
        let isDue =
            isDraining || hostStage.isDue(now: now) || merger.hosts.waiting >= HostTally.mostWaiting
        guard merger.hosts.waiting > 0, isDue else { return true }
        let days = merger.hosts.forStore
        do {
            let done: Void? = try patiently("hosts") { () throws(StoreError) in try self.store.add(days) }
            if done == nil { return false }
        } catch StoreError.unacceptable(let why) {
            logger.error("the store refuses the counts of hosts; they are lost", metadata: ["why": "\(why)"])
        }
        merger.hosts.forgetStored()
        hostStage.note(rows: days.count, now: now)
        return true
    }

    /// Tells the store once a second how many messages have been received.
    func beatIfDue() throws -> Bool {
        let now = steadyMilliseconds()
        guard now - lastBeat >= 1_000 else { return true }
        lastBeat = now
        let oldest: Int64? = position == journal.head ? nil : oldestInBatch ?? wallClock()
        return try beat(oldestPending: oldest)
    }

    /// - Returns: false if the daemon stops while the store is unavailable.
    private func beat(oldestPending: Int64?) throws -> Bool {
        let heartbeat = Heartbeat(received: journal.head.tally, now: wallClock(), oldestPending: oldestPending)
        guard try patiently("beat", { () throws(StoreError) in try self.store.beat(heartbeat) }) != nil else {
            return false
        }
        metrics.update { $0.lastProgress = steadyMilliseconds() }
        releaseJournal()
        return try tidy()
    }

    /// Repeats a call that can succeed later: after 50 ms at first and 5 s in the end, a quarter more or less. If an
    /// administrator has to mend the store, records are received and wait in the journal.
    ///
    /// - Returns: nil if the daemon stops while the store is away.
    /// - Throws: errors of calls that cannot succeed later.
    private func patiently<Result>(
        _ what: String, _ body: () throws(StoreError) -> Result
    ) throws -> Result? {
        var pause = 50
        var failures = 0
        var told = ""
        while true {
            do throws(StoreError) {
                let result = try body()
                if failures > 0 {
                    logger.notice("the store answers again", metadata: ["after_attempts": "\(failures)"])
                    metrics.update { $0.storeUnavailable = false }
                }
                return result
            } catch {
                guard error.canRetry || hasOpened && error.canPass else { throw error }
                failures += 1
                if failures % 12 == 0 || "\(error)" != told {
                    told = "\(error)"
                    logger.log(
                        level: error.needsSomebody ? .error : .warning,
                        "could not write to the store; retrying, and the journal keeps the messages",
                        metadata: ["what": "\(what)", "why": "\(error)", "attempt": "\(failures)"])
                }
                metrics.update {
                    $0.storeUnavailable = true
                    $0.storeFailures += 1
                }
                tried.open()
                // one more attempt when stopping, in case the fault was temporary
                if stop.isRequested && (failures > 1 || activity.isCancelled) { return nil }
                // after the stop signal `stop.wait` returns at once
                let wait = pause + Int.random(in: -pause / 4...pause / 4)
                if stop.isRequested { usleep(UInt32(wait) * 1_000) } else { stop.wait(milliseconds: wait) }
                pause = min(pause * 2, 5_000)
            }
        }
    }
}

extension SourcePosition {
    fileprivate init(_ position: JournalPosition) {
        self.init(sequence: position.sequence, tally: position.tally)
    }
}
