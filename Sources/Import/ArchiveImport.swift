import Archive
import Merge
import Record
import Store
import SystemClock
import Wire

/// Imports one archive into a store, batch by batch, each with the number of its lines.
public struct ArchiveImport {
    /// The counts of this run.
    public private(set) var counters = IngestCounters()
    public private(set) var received: UInt64 = 0
    /// Microseconds since 1970 UTC.
    public private(set) var lastRecord: Int64?

    let archive: Archive
    let store: any UsageStore
    var merger: Merger
    /// The number of lines of this run that the store has.
    private(set) var committed: UInt64 = 0

    private let reader: ArchiveReader
    private let state: SourceState
    /// The number of lines that an earlier import took.
    private let takenBefore: UInt64
    private let now = wallClock()
    private var position: SourcePosition
    private var parser: MessageParser
    private var record = UsageRecord()
    private var entry: [UInt8] = []

    /// Finds out how much of the archive the store has.
    ///
    /// - Parameter lastYear: the latest year for RFC 3164 times, which have none; nil for no limit.
    /// - Throws: `ImportError.store`.
    public init(_ archive: Archive, into store: any UsageStore, lastYear: Int?) throws(ImportError) {
        self.archive = archive
        self.store = store
        reader = archive.reader()
        parser = MessageParser(lastYear: lastYear)
        let canaryKey: CanaryKey
        do throws(StoreError) {
            try store.migrate()
            canaryKey = try store.canaryKey()
            state = try store.open(
                source: archive.identity, formerly: archive.formerIdentity, kind: .archive, host: hostName(),
                incarnation: nil)
        } catch {
            throw .store(error)
        }
        position = state.position ?? SourcePosition(sequence: 0, tally: 0)
        takenBefore = position.sequence
        merger = Merger(running: Set(state.snapshots), canaryKey: canaryKey)
        for held in state.heldParts {
            held.withUnsafeBytes { bytes in
                guard case .message(let envelope, let json)? = Entry.read(bytes),
                    parser.parse(record: json, into: &record) == nil
                else { return }
                merger.restore(part: record, envelope)
            }
        }
    }

    public var rejected: UInt64 {
        counters.values.reduce(0) { $1.key.hasPrefix(IngestCounters.rejectedPrefix) ? $0 + $1.value : $0 }
    }

    /// Takes the archive to its end.
    ///
    /// - Parameter progress: called now and then with the fraction done.
    public mutating func run(_ progress: (Double) -> Void) throws(ImportError) {
        do throws(ImportError) { try takeAll(progress) } catch {
            try? writeHosts()
            throw error
        }
        do throws(StoreError) { try writeHosts() } catch { throw .store(error) }
    }

    private mutating func takeAll(_ progress: (Double) -> Void) throws(ImportError) {
        while try takeNext() {
            if received - committed >= Self.batchLines {
                try commit(upTo: received)
                if reader.fileBytes > 0 { progress(Double(reader.fileOffset) / Double(reader.fileBytes)) }
            }
        }
        try commit(upTo: received)
        try commitLonelyParts()
        if let trailing = archive.trailing {
            merger.reject(.trailingData, count: UInt64(trailing.lines))
            received += UInt64(trailing.lines)
            do throws(StoreError) { try write(upTo: received) } catch { throw .store(error) }
        }
    }

    private static let batchLines: UInt64 = 10_000

    /// Feeds the merger a line.
    ///
    /// - Parameters:
    ///   - length: the line's real length, if the line is longer than its bytes here.
    ///   - reason: the reason if the store refuses it; the line then goes to the quarantine.
    mutating func take(
        _ bytes: UnsafeRawBufferPointer, length: Int, line: UInt64, quarantining reason: String? = nil
    ) {
        guard length <= bytes.count else { return merger.reject(.tooLong) }
        switch parser.parse(message: bytes, arrival: now, into: &record) {
        case .rejected(let reason): merger.reject(reason)
        case .accepted(let headerTime, let json):
            let envelope = Envelope(arrival: now, headerTime: headerTime)
            if line < takenBefore {
                merger.add(tally: [(IngestCounters.duplicate, 1)])
                return merger.remember(record, envelope, sequence: line)
            }
            entry.removeAll(keepingCapacity: true)
            if record.parts != nil || record.end == .running || reason != nil {
                Entry.append(envelope, record: UnsafeRawBufferPointer(rebasing: bytes[json]), to: &entry)
            }
            entry.withUnsafeBytes { entry in
                if let reason {
                    merger.quarantine(
                        record, entry: entry, sequence: line, arrival: now, reason: reason, noticed: wallClock())
                } else {
                    merger.add(record, envelope, sequence: line, entry: entry)
                    lastRecord = max(lastRecord ?? 0, record.eventTime ?? headerTime ?? now)
                }
            }
        }
    }

    /// Writes the merger's batch with its number of lines.
    ///
    /// - Throws: `StoreError`; nothing has changed then.
    mutating func write(upTo lines: UInt64) throws(StoreError) {
        let reached = SourcePosition(sequence: max(lines, takenBefore), tally: firstTally + lines)
        guard reached != position || !merger.batch.isEmpty else { return }
        var batchCounters = merger.batch.counters
        switch try store.commit(merger.batch, vocabulary: merger.vocabulary, from: position, to: reached) {
        case .committed(let stored, let merged):
            batchCounters.add(stored, to: IngestCounters.stored)
            batchCounters.add(merged, to: IngestCounters.merged)
        case .alreadyCommitted: break
        }
        for (name, value) in batchCounters.values { counters.add(value, to: name) }
        position = reached
        committed = lines
        merger.finishBatch()
        // if this fails, the next commit tells of it
        if merger.hosts.waiting >= HostTally.mostWaiting { try? writeHosts() }
    }

    /// Writes the counts of hosts. If the import is killed before, they are lost.
    private mutating func writeHosts() throws(StoreError) {
        if merger.hosts.waiting == 0 { return }
        try store.add(merger.hosts.forStore)
        merger.hosts.forgetStored()
    }

    /// Commits incomplete records: after the archive's end no part can follow.
    private mutating func commitLonelyParts() throws(ImportError) {
        guard merger.expireParts(now: Self.endOfTime) > 0 else { return }
        do throws(StoreError) {
            if try attempt(upTo: received) == nil { return }
            merger.undoBatch()
            try isolateLonelyParts()
        } catch {
            throw .store(error)
        }
    }

    private mutating func takeNext() throws(ImportError) -> Bool {
        do throws(ArchiveError) {
            return try reader.nextLine { bytes, length in
                take(bytes, length: length, line: received)
                received += 1
            }
        } catch {
            throw .archive(error)
        }
    }

    /// Writes the merger's batch, unless the store refuses some of its data.
    ///
    /// - Returns: the reason if it refuses; nil otherwise.
    mutating func attempt(upTo lines: UInt64) throws(StoreError) -> String? {
        do throws(StoreError) { try write(upTo: lines) } catch {
            guard case .unacceptable(let why) = error else { throw error }
            return why
        }
        return nil
    }

    private mutating func commit(upTo lines: UInt64) throws(ImportError) {
        let refusal: String?
        do throws(StoreError) { refusal = try attempt(upTo: lines) } catch { throw .store(error) }
        if refusal == nil { return }
        merger.undoBatch()
        try isolate(upTo: lines)
    }

    private var firstTally: UInt64 { state.position?.tally ?? 0 }
}
