import Merge
import Record
import SampleRecords
import Store
import TestDatabases
import Testing

/// Noon of 2026-11-21 UTC, when the tests' records arrive.
let noon: Int64 = 1_795_262_400_000_000

/// A source that merges samples and commits them, as the daemon does with its journal.
struct Writing {
    let store: any UsageStore
    var merger = Merger(canaryKey: SampleRecord.canaryKey)
    private(set) var position = SourcePosition(sequence: 0, tally: 0)
    private var reached = SourcePosition(sequence: 0, tally: 0)

    /// - Parameter location: the location of the database for another user than its owner.
    init(_ database: TestDatabase, source: String = "source", location: StoreLocation? = nil) throws {
        store = (location ?? database.location).makeStore()
        try store.migrate()
        _ = try store.open(source: source, kind: .daemon, host: "here")
    }

    /// Merges samples into the batch at hand.
    mutating func add(_ samples: [SampleRecord], _ envelope: Envelope = Envelope(arrival: noon)) {
        for sample in samples {
            Array("entry \(sample.id)/\(sample.part ?? 0)".utf8).withUnsafeBytes { entry in
                merger.add(sample.usage, envelope, sequence: reached.sequence, entry: entry)
            }
            reached.sequence += 1
            reached.tally += 1
        }
    }

    /// Undoes the batch with its entries.
    mutating func undo() {
        merger.undoBatch()
        reached = position
    }

    mutating func quarantine(_ sample: SampleRecord, entry: [UInt8], reason: String) {
        entry.withUnsafeBytes { bytes in
            merger.quarantine(
                sample.usage, entry: bytes, sequence: reached.sequence, arrival: noon, reason: reason, noticed: noon + 1
            )
        }
        reached.sequence += 1
        reached.tally += 1
    }

    /// Writes the batch; a call that threw may be repeated.
    @discardableResult
    mutating func commit() throws(StoreError) -> CommitOutcome {
        let outcome = try store.commit(merger.batch, vocabulary: merger.vocabulary, from: position, to: reached)
        position = reached
        merger.finishBatch()
        return outcome
    }

    @discardableResult
    mutating func commit(_ samples: [SampleRecord]) throws(StoreError) -> CommitOutcome {
        add(samples)
        return try commit()
    }
}

/// A process of job 4711.
func process(_ id: UInt64, user: String = "ada", program: String = "run.py") -> SampleRecord {
    SampleRecord(id: id).with {
        $0.time = noon - 60_000_000
        $0.elapsed = 30
        $0[.host] = "nid001"
        $0[.username] = user
        $0[.executable] = "/opt/python/bin/python3"
        $0[.prefix] = "/opt/python"
        $0[.python] = "3.12.1"
        $0[.main] = program
        $0[.cluster] = "perlmutter"
        $0[.jobID] = "4711"
        $0[.stepID] = "0"
        $0.packages = [.init("numpy", "2.1"), .init("os")]
        $0.direct = ["numpy"]
        $0.numNodes = 4
    }
}

/// The case of an error, without its text.
func kind(_ error: (any Error)?) -> String {
    switch error as? StoreError {
    case .unavailable: "unavailable"
    case .busy: "busy"
    case .unacceptable: "unacceptable"
    case .refused: "refused"
    case .schema: "schema"
    case .positionMoved: "positionMoved"
    case .setBack: "setBack"
    case .badLocation: "badLocation"
    case nil: error.map { "\($0)" } ?? "none"
    }
}

/// Runs with all names looked up, as one text each.
func runTexts(_ database: TestDatabase) throws -> [String] {
    try database.rows(
        """
        SELECT u.name, c.name, j.job_id, s.name, x.name, m.name, h.name, e.prefix, e.python, r.processes, r.run, r.stack
        FROM runs r JOIN users u ON u.id = r.usr JOIN clusters c ON c.id = r.cluster LEFT JOIN jobs j ON j.id = r.job
            JOIN steps s ON s.id = r.step JOIN executables x ON x.id = r.executable JOIN programs m ON m.id = r.program
            JOIN hosts h ON h.id = r.host JOIN environments e ON e.id = r.environment ORDER BY r.run
        """
    ).map { row in
        let stack = try database.rows(
            """
            SELECT p.name, sp.version, sp.direct FROM stack_packages sp JOIN packages p ON p.id = sp.package
            WHERE sp.stack = ? ORDER BY p.name
            """, [row[11]])
        let packages = stack.map { "\($0[0].text ?? "-")=\($0[1].text ?? "-")/\($0[2].integer.map { "\($0)" } ?? "-")" }
        let names = row[0...8].map { $0.text ?? "-" }
        return (names + ["\(row[9].integer ?? -1)"] + packages).joined(separator: " | ")
    }
}

/// Packs all days that can be packed.
///
/// - Returns: their number.
func packAll(_ database: TestDatabase) throws -> Int {
    let connection = try database.location.maintainer()
    let due = try Packing.due(connection)
    for day in due { #expect(try Packing.pack(connection, day: day)) }
    return due.count
}
