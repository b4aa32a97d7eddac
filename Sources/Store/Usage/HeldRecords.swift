import Merge
import Record

/// The tables of records that are not usage yet: parts that wait for their siblings, and snapshots of living processes.
enum HeldRecords {
    /// The entries of a source's parts.
    static func parts(of source: Int64, on connection: any SQLConnection) throws(StoreError) -> [[UInt8]] {
        try connection.query("SELECT entry FROM held_parts WHERE source = ? ORDER BY record, part", [.integer(source)])
            .compactMap { $0[0].bytes }
    }

    /// The identities of all snapshots.
    static func snapshots(on connection: any SQLConnection) throws(StoreError) -> [RecordID] {
        try connection.query("SELECT record FROM snapshots").compactMap { $0[0].bytes.flatMap(RecordID.init(bytes:)) }
    }

    /// Whether parts have been taken: a batch that moves no position takes nothing but parts that were held.
    static func hasTaken(
        _ parts: [RecordID], of source: Int64, on connection: any SQLConnection
    ) throws(StoreError) -> Bool {
        guard let first = parts.first else { return false }
        return try connection.query(
            "SELECT 1 FROM held_parts WHERE source = ? AND record = \(connection.dialect.keyParameter) LIMIT 1",
            [.integer(source), connection.dialect.keyValue(first.bytes)]
        ).isEmpty
    }

    /// Writes the held and the released records of a batch, within its transaction.
    static func write(_ batch: Batch, _ source: Int64, on connection: any SQLConnection) throws(StoreError) {
        let dialect = connection.dialect
        let held = batch.heldParts
        try write(
            held.count, on: connection, "INSERT INTO held_parts (source, record, part, entry) VALUES",
            row: "(?, \(dialect.keyParameter), ?, ?)", "ON CONFLICT (source, record, part) DO NOTHING"
        ) { index in
            let part = held[index]
            return [.integer(source), dialect.keyValue(part.id.bytes), .integer(part.part), .bytes(part.entry)]
        }
        try delete(batch.releasedParts, "held_parts WHERE source = \(source) AND record", on: connection)
        try write(
            batch.snapshots.count, on: connection, "INSERT INTO snapshots (record, seen, entry) VALUES",
            row: "(\(dialect.keyParameter), ?, ?)",
            "ON CONFLICT (record) DO UPDATE SET seen = excluded.seen, entry = excluded.entry"
        ) { index in
            let snapshot = batch.snapshots[index]
            return [dialect.keyValue(snapshot.id.bytes), .integer(snapshot.arrival), .bytes(snapshot.entry)]
        }
        try delete(batch.endedSnapshots, "snapshots WHERE record", on: connection)
    }

    /// The number of rows in one statement: thousands of parts and snapshots may come at once.
    private static let rowsAtOnce = 64

    private static func write(
        _ count: Int, on connection: any SQLConnection, _ start: String, row: String, _ end: String,
        values: (Int) -> [SQLValue]
    ) throws(StoreError) {
        for first in stride(from: 0, to: count, by: rowsAtOnce) {
            let rows = first..<min(count, first + rowsAtOnce)
            let places = rows.map { _ in row }.joined(separator: ", ")
            try connection.query("\(start) \(places) \(end)", rows.flatMap(values))
        }
    }

    private static func delete(
        _ records: [RecordID], _ whose: String, on connection: any SQLConnection
    ) throws(StoreError) {
        let dialect = connection.dialect
        for first in stride(from: 0, to: records.count, by: rowsAtOnce) {
            let some = records[first..<min(records.count, first + rowsAtOnce)]
            let places = some.map { _ in dialect.keyParameter }.joined(separator: ", ")
            try connection.query(
                "DELETE FROM \(whose) IN (\(places))", some.map { dialect.keyValue($0.bytes) })
        }
    }

    /// Deletes snapshots that are not renewed any more: a node that is gone reports no ends of its processes.
    ///
    /// - Parameter now: microseconds since 1970 UTC.
    static func dropStaleSnapshots(now: Int64, on connection: any SQLConnection) throws(StoreError) {
        try connection.query(
            "DELETE FROM snapshots WHERE seen < ?",
            [.integer(now - Snapshot.lifetimeDays * Calendar.microsecondsPerDay)])
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
