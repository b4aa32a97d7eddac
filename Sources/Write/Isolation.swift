import DaemonMetrics
import Journal
import Logging
import Merge
import Record
import SystemClock
import Threads
import Wire

/// Isolates bad records after the store refused a batch: one bad record must not delay the other records or take them
/// with it.
///
/// The writer reads the batch's stretch of the journal again, in pieces. A refused piece is halved until the bad record
/// is alone; an accepted piece lets the next one double. The bad record goes to the store's quarantine, in one
/// transaction with the position after it. So a restart in between goes on from that position.
extension Writer {
    /// - Returns: false if the daemon stops while the store is unavailable.
    func isolate(upTo target: JournalPosition, why: String) throws -> Bool {
        logger.error("the store refuses a record; searching for it", metadata: ["why": "\(why)"])
        merger.undoBatch()
        var refused = 0
        guard try isolateEntries(upTo: target, &refused), try isolateExpiredParts(&refused) else { return false }
        merger.endReplay()
        logger.error("refused records were put into quarantine", metadata: ["records": "\(refused)"])
        return true
    }

    private func isolateEntries(upTo target: JournalPosition, _ refused: inout Int) throws -> Bool {
        var bisection = Bisection(position.sequence..<target.sequence)
        let reader = try journal.reader(at: position)
        var start = reader.bookmark(at: position)
        while let piece = bisection.piece {
            guard try beatIfDue() else { return false }
            let reached = try gather(from: reader, upTo: piece.upperBound)
            switch try attempt(upTo: reached) {
            case .done: bisection.take(before: reached.sequence)
            case .stopped: return false
            case .refused(let why):
                merger.undoBatch()
                reader.go(to: start)
                guard bisection.refuse(before: reached.sequence) else { continue }
                let behind = try gather(from: reader, upTo: reached.sequence, quarantining: why)
                guard try insist(upTo: behind) else { return false }
                bisection.setAside(before: behind.sequence)
                refused += 1
            }
            start = reader.bookmark(at: position)
            reader.go(to: start)
        }
        return true
    }

    /// Handles records that were completed by waiting for too long, not by an entry.
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

    /// Feeds the merger the entries from the position on, up to number `end`; with a reason, they go to the quarantine.
    ///
    /// - Returns: the position after them, which may lie within a frame.
    private func gather(
        from reader: JournalReader, upTo end: UInt64, quarantining why: String? = nil
    ) throws -> JournalPosition {
        var reached = position
        while reached.sequence < end {
            let found = try reader.next { frame in
                if frame.skippedTally > 0 { merger.reject(.journalDamaged, count: frame.skippedTally) }
                if frame.start.sequence > reached.sequence {
                    // a damaged part lies before the frame; if it reaches beyond `end`, nothing else is taken
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
            guard found else { throw JournalError.foreign("\(journal.directory): refused entries are missing") }
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
        // counts are not a record: if the store refuses them, `insist` retries until an administrator has repaired the
        // store
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
                logger.error("the store refuses a record even in quarantine; retrying", metadata: ["why": "\(why)"])
                metrics.update {
                    $0.storeUnavailable = true
                    $0.storeFailures += 1
                }
                if stop.isRequested { return false }
                stop.wait(milliseconds: 5_000)
            }
        }
    }

    /// Puts records that the quarantine refused into a file, once.
    private func keepBesideTheJournal() -> Bool {
        guard !merger.batch.quarantined.isEmpty else { return false }
        do throws(RefusedFileError) {
            try refusedFile.keep(merger.batch.quarantined)
        } catch {
            logger.error("could not write a refused record to a file; retrying", metadata: ["why": "\(error)"])
            return false
        }
        logger.error(
            "the store refuses a record even in quarantine; it was written to a file",
            metadata: ["file": "\(refusedFile.path)"]
        )
        merger.forgetQuarantined()
        return true
    }

    /// The number of messages that an entry accounts for.
    private static func messages(of entry: UnsafeRawBufferPointer) -> UInt64 {
        guard case .tally(let tally)? = Entry.read(entry) else { return 1 }
        return tally.reduce(0) { $0 + ($1.name.hasPrefix(IngestCounters.rejectedPrefix) ? $1.count : 0) }
    }
}
