import DaemonMetrics
import Journal
import Logging
import Merge
import Record
import SystemClock
import Threads
import Wire

/// The search for a record that the store refuses: it must neither hold up the others nor take them with it.
///
/// The writer reads the batch's stretch of the journal again, in pieces. A piece that is refused is halved until the
/// record stands alone; after a piece that is taken the next is twice as long. The record that stands alone goes to the
/// store's quarantine, in one transaction with the position behind it. A restart in between goes on from that position.
extension Writer {
    /// - Returns: false if the daemon stops and the store is away.
    func isolate(upTo target: JournalPosition, why: String) throws -> Bool {
        logger.error("the store refuses a record; looking for it", metadata: ["why": "\(why)"])
        merger.undoBatch()
        var refused = 0
        guard try isolateEntries(upTo: target, &refused), try isolateExpiredParts(&refused) else { return false }
        merger.endReplay()
        logger.error("what the store refused has been put aside", metadata: ["records": "\(refused)"])
        return true
    }

    private func isolateEntries(upTo target: JournalPosition, _ refused: inout Int) throws -> Bool {
        var count = max(1, (target.sequence - position.sequence) / 2)
        let reader = try journal.reader(at: position)
        var start = reader.bookmark(at: position)
        while position.sequence < target.sequence {
            guard try beatIfDue() else { return false }
            let reached = try gather(from: reader, upTo: min(position.sequence + count, target.sequence))
            let taken = reached.sequence - position.sequence
            switch try attempt(upTo: reached) {
            case .done: count = min(count * 2, target.sequence)
            case .stopped: return false
            case .refused(let why):
                merger.undoBatch()
                reader.go(to: start)
                count = max(1, taken / 2)
                if taken > 1 { continue }
                let behind = try gather(from: reader, upTo: reached.sequence, quarantining: why)
                guard try insist(upTo: behind) else { return false }
                refused += 1
            }
            start = reader.bookmark(at: position)
            reader.go(to: start)
        }
        return true
    }

    /// Records that became whole by waiting, not by an entry.
    private func isolateExpiredParts(_ refused: inout Int) throws -> Bool {
        let now = wallClock()
        while merger.expireParts(now: now, limit: 1) > 0 {
            switch try attempt(upTo: position) {
            case .done: continue
            case .stopped: return false
            case .refused(let why):
                merger.undoBatch()
                merger.quarantineExpiredPart(now: now, reason: why, noticed: now)
                guard try insist(upTo: position) else { return false }
                refused += 1
            }
        }
        return true
    }

    /// Feeds the merger the entries from the position on, up to number `end`, or to the quarantine with a reason.
    ///
    /// - Returns: the position behind them, which may lie within a frame.
    private func gather(
        from reader: JournalReader, upTo end: UInt64, quarantining why: String? = nil
    ) throws -> JournalPosition {
        var reached = position
        while reached.sequence < end {
            let found = try reader.next { frame in
                if frame.skippedTally > 0 { merger.reject(.journalDamaged, count: frame.skippedTally) }
                if frame.start.sequence > reached.sequence {
                    // a damaged part lies before it; where that reaches beyond the end, nothing else is taken
                    reached = frame.start
                } else {
                    reached.tally += frame.skippedTally
                }
                frame.forEach { sequence, bytes in
                    guard sequence < end else { return }
                    if let why {
                        quarantine(bytes, sequence: sequence, why: why)
                    } else {
                        take(bytes, sequence: sequence)
                    }
                    reached = JournalPosition(
                        sequence: sequence + 1, tally: reached.tally + Writer.messages(of: bytes))
                }
            }
            guard found else { throw JournalError.foreign("\(journal.directory): entries that were there are gone") }
            if reader.position.sequence == reached.sequence { reached = reader.position }
        }
        return reached
    }

    private func quarantine(_ bytes: UnsafeRawBufferPointer, sequence: UInt64, why: String) {
        switch Entry.read(bytes) {
        case .message(let envelope, let json):
            let isRecord = parser.parse(record: json, into: &record) == nil
            merger.quarantine(
                isRecord ? record : nil, entry: bytes, sequence: sequence, arrival: envelope.arrival, reason: why,
                noticed: wallClock())
        // counts are no record: if the store takes none, `insist` waits until somebody has mended it
        case .tally, nil: take(bytes, sequence: sequence)
        }
    }

    /// Writes a batch that holds one quarantined record at most. If the store refuses that too, the store is at
    /// fault, and the writer waits until an administrator has mended it.
    private func insist(upTo reached: JournalPosition) throws -> Bool {
        while true {
            switch try attempt(upTo: reached) {
            case .done:
                metrics.update { $0.storeUnavailable = false }
                return true
            case .stopped: return false
            case .refused(let why):
                if keepBesideTheJournal() { continue }
                logger.error("the store refuses even to put a record aside; waiting", metadata: ["why": "\(why)"])
                metrics.update {
                    $0.storeUnavailable = true
                    $0.storeFailures += 1
                }
                if stop.isRequested { return false }
                stop.wait(milliseconds: 5_000)
            }
        }
    }

    /// Puts what the quarantine would not take into a file, once.
    private func keepBesideTheJournal() -> Bool {
        guard !merger.batch.quarantined.isEmpty else { return false }
        do throws(RefusedFileError) {
            try refusedFile.keep(merger.batch.quarantined)
        } catch {
            logger.error("a record that the store refuses cannot be kept in a file", metadata: ["why": "\(error)"])
            return false
        }
        logger.error(
            "the store refuses even to put a record aside; it lies in a file", metadata: ["file": "\(refusedFile.path)"]
        )
        merger.forgetQuarantined()
        return true
    }

    /// How many messages an entry accounts for.
    private static func messages(of entry: UnsafeRawBufferPointer) -> UInt64 {
        guard case .tally(let tally)? = Entry.read(entry) else { return 1 }
        return tally.reduce(0) { $0 + ($1.name.hasPrefix(IngestCounters.rejectedPrefix) ? $1.count : 0) }
    }
}
