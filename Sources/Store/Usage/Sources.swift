/// The table of sources, and the one of them that is open.
struct Sources {
    private var opened: (identity: String, formerly: String?, kind: SourceKind, host: String)?
    /// The name that tells the open source from its copies; empty if it has none.
    private var incarnation = ""
    /// The row of the open source; nil if this connection has not found it yet.
    private var id: Int64?

    /// Whether the open source is a journal, which can repeat commits that a crash of the store undid. An archive may
    /// be gone after its import.
    var isJournal: Bool { opened?.kind == .daemon }

    /// From now on this source is meant.
    mutating func open(
        _ identity: String, formerly: String?, kind: SourceKind, host: String, incarnation: Incarnation?
    ) {
        opened = (identity, formerly, kind, host)
        self.incarnation = incarnation?.own ?? ""
        id = nil
    }

    /// Forgets the row's id: another connection may find another one.
    mutating func forgetRow() { id = nil }

    /// Gives the open source's row its present identity, if it has the former one.
    func rename(on connection: any SQLConnection) throws(StoreError) {
        guard let opened, let formerly = opened.formerly, try !isKnown(on: connection) else { return }
        try connection.query(
            "UPDATE sources SET identity = ? WHERE identity = ? AND kind = ?",
            [.text(opened.identity), .text(formerly), .text(opened.kind.rawValue)])
    }

    /// Whether the store knows the open source.
    func isKnown(on connection: any SQLConnection) throws(StoreError) -> Bool {
        try !connection.query(
            "SELECT 1 FROM sources WHERE identity = ?", [.text(opened?.identity ?? "")]
        ).isEmpty
    }

    /// The id of the open source's row, which is made if need be.
    mutating func row(on connection: any SQLConnection) throws(StoreError) -> Int64 {
        if let id { return id }
        guard let opened else { throw .refused("no source has been opened") }
        try connection.query(
            "INSERT INTO sources (identity, kind, host) VALUES (?, ?, ?) ON CONFLICT (identity) DO NOTHING",
            [.text(opened.identity), .text(opened.kind.rawValue), .text(opened.host)])
        let rows = try connection.query("SELECT id FROM sources WHERE identity = ?", [.text(opened.identity)])
        guard let id = rows.first?[0].integer else { throw .busy("the source's row vanished") }
        self.id = id
        return id
    }

    /// Makes the source this incarnation's, unless a copy has taken it meanwhile.
    func claim(_ source: Int64, as incarnation: Incarnation, on connection: any SQLConnection) throws(StoreError) {
        let rows = try connection.query(
            "SELECT COALESCE(incarnation, '') FROM sources WHERE id = ?", [.integer(source)])
        let found = rows.first?[0].text ?? ""
        if let known = incarnation.known, found != "", found != incarnation.own, !known.contains(found) {
            throw Sources.copied
        }
        let claimed = try connection.query(
            "UPDATE sources SET incarnation = ? WHERE id = ? AND COALESCE(incarnation, '') = ? RETURNING id",
            [.text(incarnation.own), .integer(source), .text(found)])
        if claimed.isEmpty { throw .busy("another daemon takes up the same source") }
    }

    func position(of source: Int64, on connection: any SQLConnection) throws(StoreError) -> SourcePosition? {
        try connection.query("SELECT sequence, tally FROM sources WHERE id = ?", [.integer(source)])
            .first.flatMap(SourcePosition.init(row:))
    }

    /// Moves the source's position, which no other transaction can do until this one ends.
    ///
    /// - Parameter lastArrival: of the newest record before the new position.
    /// - Returns: the database's clock, seconds since 1970 UTC; nil if an earlier call of the same commit had moved it.
    func advance(
        _ source: Int64, from: SourcePosition, to: SourcePosition, lastArrival: Int64, on connection: any SQLConnection
    ) throws(StoreError) -> Int64? {
        let moved = try connection.query(
            """
            UPDATE sources SET sequence = ?, tally = ?,
                head_tally = CASE WHEN head_tally < ? THEN ? ELSE head_tally END,
                last_record = CASE WHEN ? > COALESCE(last_record, 0) THEN ? ELSE last_record END
            WHERE id = ? AND sequence = ? AND tally = ? AND COALESCE(incarnation, '') = ?
            RETURNING \(connection.dialect.now)
            """,
            [
                .integer(Int64(bitPattern: to.sequence)), .integer(Int64(bitPattern: to.tally)),
                .integer(Int64(bitPattern: to.tally)), .integer(Int64(bitPattern: to.tally)),
                .integer(lastArrival), .integer(lastArrival),
                .integer(source), .integer(Int64(bitPattern: from.sequence)), .integer(Int64(bitPattern: from.tally)),
                .text(incarnation),
            ])
        if let row = moved.first { return row[0].integer ?? .max }
        let row = try connection.query(
            "SELECT sequence, tally, COALESCE(incarnation, '') FROM sources WHERE id = ?", [.integer(source)])
        guard let values = row.first, let found = SourcePosition(row: Array(values.prefix(2))) else {
            throw .busy("the source's row vanished")
        }
        guard values[2].text == incarnation else { throw Sources.copied }
        if found == to { return nil }
        if found.sequence < from.sequence { throw Sources.setBack(from: from.sequence, to: found.sequence) }
        throw .positionMoved(
            "expected entry \(from.sequence) and found \(found.sequence); "
                + "does another daemon use a copy of this state directory?"
        )
    }

    /// Notes the number of messages that the source has received.
    ///
    /// - Parameter committed: the position of the source in the store.
    /// - Throws: `StoreError.setBack` if the store has less now: without new messages, no batch would find that out.
    func beat(
        _ heartbeat: Heartbeat, of source: Int64, committed: SourcePosition?, on connection: any SQLConnection
    ) throws(StoreError) {
        let row = try connection.query(
            """
            UPDATE sources SET head_tally = ?, heartbeat = ?, oldest_pending = ?
            WHERE id = ? AND COALESCE(incarnation, '') = ? RETURNING sequence
            """,
            [
                .integer(Int64(bitPattern: heartbeat.received)), .integer(heartbeat.now),
                .integer(heartbeat.oldestPending), .integer(source), .text(incarnation),
            ]
        ).first
        if let committed, let found = (row?[0].integer).map({ UInt64(bitPattern: $0) }), found < committed.sequence {
            throw Sources.setBack(from: committed.sequence, to: found)
        }
    }

    private static func setBack(from: UInt64, to: UInt64) -> StoreError {
        .setBack("it had entry \(from) and has \(to) now")
    }

    private static var copied: StoreError {
        .positionMoved(
            "another daemon has written here under this journal's identity, from a copy of this state directory; "
                + "nothing is written, and what this journal holds stays in it")
    }
}

extension SourcePosition {
    fileprivate init?(row: [SQLValue]) {
        guard row.count == 2, let sequence = row[0].integer, let tally = row[1].integer else { return nil }
        self.init(sequence: UInt64(bitPattern: sequence), tally: UInt64(bitPattern: tally))
    }
}
