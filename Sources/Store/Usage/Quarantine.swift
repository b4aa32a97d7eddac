import Merge
import Record

/// The table of records that the store itself refused, with the store's reason.
enum Quarantine {
    /// The number of rows kept of each source; beyond it the oldest are deleted.
    static let maximumRows = 10_000
    /// The bytes kept of a record; no accepted message is longer.
    static let maximumRecordBytes = 8_192
    static let maximumReasonBytes = 1_000

    /// Within a batch's transaction.
    static func write(
        _ records: [QuarantinedRecord], _ source: Int64, on connection: any SQLConnection
    ) throws(StoreError) {
        if records.isEmpty { return }
        for record in records {
            switch record.content {
            case .entry(let sequence, let bytes):
                try add(bytes, at: .integer(Int64(bitPattern: sequence)), record, source, on: connection)
            case .heldParts(let id):
                let held = try connection.query(
                    """
                    SELECT entry FROM held_parts WHERE source = ? AND record = \(connection.dialect.keyParameter)
                    ORDER BY part
                    """,
                    [.integer(source), connection.dialect.keyValue(id.bytes)])
                for row in held { try add(row[0].bytes ?? [], at: .null, record, source, on: connection) }
            }
        }
        try connection.query(
            """
            DELETE FROM quarantine WHERE source = ? AND id <= (
                SELECT id FROM quarantine WHERE source = ? ORDER BY id DESC LIMIT 1 OFFSET \(Quarantine.maximumRows))
            """, [.integer(source), .integer(source)])
    }

    private static func add(
        _ entry: [UInt8], at sequence: SQLValue, _ record: QuarantinedRecord, _ source: Int64,
        on connection: any SQLConnection
    ) throws(StoreError) {
        let (arrival, sender, bytes) = entry.withUnsafeBytes { raw -> (SQLValue, String, [UInt8]) in
            guard case .message(let envelope, let json)? = Entry.read(raw) else { return (.null, "", entry) }
            return (.integer(envelope.arrival), envelope.senderWords, [UInt8](json))
        }
        try connection.query(
            """
            INSERT INTO quarantine (source, sequence, noticed, arrival, reason, sender, record, record_bytes)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                .integer(source), sequence, .integer(record.noticed), arrival,
                .text(String(decoding: record.reason.utf8.prefix(Quarantine.maximumReasonBytes), as: UTF8.self)),
                .text(sender), .bytes(Array(bytes.prefix(Quarantine.maximumRecordBytes))),
                .integer(Int64(bytes.count)),
            ])
    }
}

extension Envelope {
    /// The sender, and what vouches for it: `claimed`, `kernel uid=1000 pid=42`.
    fileprivate var senderWords: String {
        var words = identity.name
        if let uid { words += " uid=\(uid)" }
        if let pid { words += " pid=\(pid)" }
        return words
    }
}
