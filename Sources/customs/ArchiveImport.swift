import Archive
import Glibc
import Merge
import Record
import Store
import Wire

/// Takes one archive into a store, batch by batch, each with the number of lines taken.
struct ArchiveImport {
    /// What this run counted.
    private(set) var counters = IngestCounters()
    private(set) var received: UInt64 = 0
    /// Microseconds since 1970 UTC.
    private(set) var lastRecord: Int64?

    private let reader: ArchiveReader
    private let store: any UsageStore
    private let state: SourceState
    private var position: SourcePosition
    private var merger: Merger
    private var parser = MessageParser()
    private var record = UsageRecord()
    private var entry: [UInt8] = []

    init(path: String, store: any UsageStore) throws {
        let identity = try Self.opening { () throws(ArchiveError) in try ArchiveIdentity.of(path: path) }
        reader = try Self.opening { () throws(ArchiveError) in try ArchiveReader(path: path) }
        self.store = store
        try store.migrate()
        state = try store.open(source: identity, kind: .archive, host: hostName())
        position = state.position ?? SourcePosition(sequence: 0, tally: 0)
        merger = Merger(running: Set(state.snapshots))
        for held in state.heldParts {
            held.withUnsafeBytes { bytes in
                guard case .message(let envelope, let json)? = Entry.read(bytes),
                    parser.parse(record: json, into: &record) == nil
                else { return }
                merger.restore(part: record, envelope)
            }
        }
    }

    /// - Parameter progress: told the fraction done, now and then.
    mutating func run(_ progress: (Double) -> Void) throws {
        let takenBefore = position.sequence
        var line: UInt64 = 0
        var sinceCommit = 0
        let now = wallClock()
        while try take(line: line, takenBefore: takenBefore, now: now) {
            line += 1
            sinceCommit += 1
            if sinceCommit >= Self.batchLines {
                try commit(lines: max(line, takenBefore))
                sinceCommit = 0
                if reader.fileBytes > 0 { progress(Double(reader.fileOffset) / Double(reader.fileBytes)) }
            }
        }
        // nothing more can come: parts that stand alone are taken as what they are
        merger.expireParts(now: Int64.max / 2)
        try commit(lines: max(line, takenBefore))
    }

    private static let batchLines = 10_000

    private mutating func take(line: UInt64, takenBefore: UInt64, now: Int64) throws -> Bool {
        do {
            return try reader.nextLine { bytes, length in
                received += 1
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
                    if record.parts != nil || record.end == .running {
                        Entry.append(envelope, record: UnsafeRawBufferPointer(rebasing: bytes[json]), to: &entry)
                    }
                    lastRecord = max(lastRecord ?? 0, record.eventTime ?? headerTime ?? now)
                    entry.withUnsafeBytes { merger.add(record, envelope, sequence: line, entry: $0) }
                }
            }
        } catch {
            throw Failure(.noInput, "\(error)")
        }
    }

    private mutating func commit(lines: UInt64) throws {
        let reached = SourcePosition(sequence: lines, tally: firstTally + received)
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
        merger.finishBatch()
    }

    private var firstTally: UInt64 { state.position?.tally ?? 0 }

    private static func opening<Value>(_ open: () throws(ArchiveError) -> Value) throws -> Value {
        do { return try open() } catch { throw Failure(.noInput, error.description) }
    }
}

/// This machine's name (`gethostname(2)`).
func hostName() -> String {
    var buffer = [CChar](repeating: 0, count: 256)
    gethostname(&buffer, 255)
    return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
