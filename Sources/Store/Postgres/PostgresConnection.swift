import CPQ

/// A connection to PostgreSQL by libpq. All tables are in the schema `customs`.
public final class PostgresConnection: SQLConnection {
    public var dialect: any SQLDialect { PostgresDialect() }
    public var isInTransaction = false
    let handle: OpaquePointer
    let copy = CopyBuffer()
    let activity: StoreActivity
    private let interrupt: PostgresInterrupt
    /// False if a standby must have each transaction, because only the commit itself can wait for that, and if the
    /// server does not tell.
    public private(set) var tellsLogProgress = false

    /// Connects, within 10 s unless `address` or the environment says otherwise.
    ///
    /// - Parameters:
    ///   - address: a URL or key=value words (PostgreSQL manual, section 34.1.1). Passwords come from `.pgpass`, a
    ///     service file or the environment.
    ///   - activity: shows other threads the connection's state.
    /// - Throws: `StoreError.unavailable`; `.badLocation` if the address does not lead to a usable server.
    public init(
        address: String, for use: ConnectionUse, activity: StoreActivity = StoreActivity()
    ) throws(StoreError) {
        try PostgresClient.check(address)
        let connect = { PostgresConnection.connect(address) }
        let opened = try activity.watching { () throws(StoreError) in connect() }
        guard let opened else { throw .unavailable("out of memory") }
        handle = opened
        interrupt = PostgresInterrupt(opened)
        self.activity = activity
        guard PQstatus(handle) == CONNECTION_OK else {
            throw .unavailable(oneLine(String(cString: PQerrorMessage(handle))))
        }
        PQsetNoticeProcessor(handle, { _, _ in }, nil)
        activity.attach(interrupt)
        let version = PQserverVersion(handle)
        guard version >= 130_000 else {
            throw .schema("PostgreSQL \(version / 10_000) is too old; Customs needs 13 or later")
        }
        try activity.watching { () throws(StoreError) in try PoolerCheck(handle: handle, connect: connect).run() }
        // from 14 on a server checks whether the client of a running statement is still connected
        try run(
            script: PostgresConnection.session
                + (version >= 140_000 ? "; SET client_connection_check_interval TO '2s'" : ""))
        try prepare(for: use)
    }

    private func prepare(for use: ConnectionUse) throws(StoreError) {
        switch use {
        case .reading: try run(script: "SET default_transaction_read_only TO on")
        case .maintenance: break
        case .usage, .ledger, .packing, .heartbeat:
            // Writing looks up a batch's few rows in tables of any size, always by an index. The planner has no
            // statistics of temporary tables and would read the large ones from end to end instead.
            try run(script: "SET enable_hashjoin TO off; SET enable_mergejoin TO off")
        }
        switch use {
        // no other session holds a lock for so long that it would be worth waiting; the caller tries again
        case .usage, .ledger, .packing: try run(script: "SET lock_timeout TO '10s'")
        case .heartbeat, .maintenance, .reading: break
        }
        if use == .heartbeat { try run(script: "SET statement_timeout TO '2s'") }
        if use == .usage {
            try run(script: "SET application_name TO '\(PostgresConnection.writerName)'")
            tellsLogProgress = true
            _ = try logProgress()
        }
    }

    private static func connect(_ connection: String) -> OpaquePointer? {
        // later words win, so that the connection string overrides the defaults before it
        let words: [(String, String)] = [
            ("connect_timeout", "10"), ("application_name", "customs"), ("client_encoding", "UTF8"),
            ("tcp_user_timeout", "30000"), ("dbname", connection),
        ]
        return withCStrings(words.map { $0.0 }) { keys in
            withCStrings(words.map { $0.1 }) { values in PQconnectdbParams(keys, values, 1) }
        }
    }

    deinit {
        interrupt.forget()
        PQfinish(handle)
    }

    /// The settings that this program relies on, whatever the server, the database, the role, `options=` or `PGOPTIONS`
    /// say. All their other settings hold.
    ///
    /// They are set once the connection is open: a pooler refuses `options` at its start, and they would replace the
    /// user's own. A statement must see the rows that were committed while it waited for a lock, which a snapshot of
    /// the whole transaction would not show. JIT is off because compiling a statement takes longer than running it.
    private static let session = """
        SET search_path TO customs, pg_catalog; SET timezone TO 'UTC'; SET datestyle TO 'ISO'; SET bytea_output TO hex;
        SET standard_conforming_strings TO on; SET extra_float_digits TO 1; SET client_min_messages TO warning;
        SET default_transaction_isolation TO 'read committed'; SET jit TO off
        """

    public func query(_ sql: String, _ parameters: [SQLValue]) throws(StoreError) -> [[SQLValue]] {
        let texts = parameters.map { $0.postgresText }
        let result = try activity.watching { () throws(StoreError) in
            withOptionalCStrings(texts) { values in
                PQexecParams(handle, numbered(sql), Int32(parameters.count), nil, values, nil, nil, 0)
            }
        }
        defer { PQclear(result) }
        switch PQresultStatus(result) {
        case PGRES_COMMAND_OK: return []
        case PGRES_TUPLES_OK: return rows(of: result)
        default: throw failure(result)
        }
    }

    public func integers(
        _ sql: String, atOnce: Bool, _ body: (UnsafeBufferPointer<Int64>) throws(StoreError) -> Void
    ) throws(StoreError) {
        var values: [Int64] = []
        try stream(sql, atOnce: atOnce) { (result: OpaquePointer, row: Int32) throws(StoreError) in
            values.removeAll(keepingCapacity: true)
            for column in 0..<PQnfields(result) {
                values.append(PostgresConnection.integer(PostgresConnection.bytes(result, row, column)))
            }
            try values.withUnsafeBufferPointer { (row: UnsafeBufferPointer<Int64>) throws(StoreError) in try body(row) }
        }
    }

    public func blobs(
        _ sql: String, _ body: ([UnsafeRawBufferPointer]) throws(StoreError) -> Void
    ) throws(StoreError) {
        try stream(sql, atOnce: false) { (result: OpaquePointer, row: Int32) throws(StoreError) in
            try body((0..<PQnfields(result)).map { PostgresConnection.bytes(result, row, $0) })
        }
    }

    private func stream(
        _ sql: String, atOnce: Bool, _ body: (OpaquePointer, Int32) throws(StoreError) -> Void
    ) throws(StoreError) {
        try activity.watching { () throws(StoreError) in try rows(of: sql, atOnce: atOnce, body) }
    }

    /// Calls `body` with the rows of a query as they arrive, in libpq's binary form, to the last one or until `body`
    /// throws.
    private func rows(
        of sql: String, atOnce: Bool, _ body: (OpaquePointer, Int32) throws(StoreError) -> Void
    ) throws(StoreError) {
        guard PQsendQueryParams(handle, sql, 0, nil, nil, nil, nil, 1) == 1, atOnce || PQsetSingleRowMode(handle) == 1
        else {
            throw .unavailable(oneLine(String(cString: PQerrorMessage(handle))))
        }
        var refusal: StoreError?
        while let result = PQgetResult(handle) {
            defer { PQclear(result) }
            switch PQresultStatus(result) {
            case PGRES_SINGLE_TUPLE, PGRES_TUPLES_OK:
                for row in 0..<PQntuples(result) where refusal == nil {
                    do throws(StoreError) { try body(result, row) } catch { refusal = error }
                }
            default: refusal = refusal ?? failure(result)
            }
        }
        if let refusal { throw refusal }
    }

    private static func bytes(_ result: OpaquePointer, _ row: Int32, _ column: Int32) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(
            start: PQgetvalue(result, row, column), count: Int(PQgetlength(result, row, column)))
    }

    /// smallint, integer or bigint in libpq's binary form; 0 for anything else.
    private static func integer(_ bytes: UnsafeRawBufferPointer) -> Int64 {
        switch bytes.count {
        case 8: Int64(bigEndian: bytes.loadUnaligned(as: Int64.self))
        case 4: Int64(Int32(bigEndian: bytes.loadUnaligned(as: Int32.self)))
        case 2: Int64(Int16(bigEndian: bytes.loadUnaligned(as: Int16.self)))
        default: 0
        }
    }

    public func run(script: String) throws(StoreError) {
        let result = try activity.watching { () throws(StoreError) in PQexec(handle, script) }
        defer { PQclear(result) }
        switch PQresultStatus(result) {
        case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY: return
        default: throw failure(result)
        }
    }

    public func prepare(staged tables: [StagedTable]) throws(StoreError) {
        for table in tables {
            let columns = table.columns.map { "\($0.name) \($0.kind.postgresType)" }.joined(separator: ", ")
            try run(script: "CREATE TEMP TABLE \(table.name) (\(columns)) ON COMMIT DELETE ROWS")
        }
    }

    public func logProgress() throws(StoreError) -> LogProgress? {
        guard tellsLogProgress else { return nil }
        let row: [SQLValue]?
        do throws(StoreError) {
            // the server may be given a standby at any time
            row = try query(
                """
                SELECT CAST(pg_current_wal_insert_lsn() - '0/0' AS bigint),
                    CAST(pg_current_wal_flush_lsn() - '0/0' AS bigint),
                    current_setting('synchronous_standby_names') = ''
                """, []
            ).first
        } catch {
            guard case .refused = error else { throw error }
            row = nil
        }
        guard let row, let end = row[0].integer, let safe = row[1].integer, row[2].integer == 1 else {
            tellsLogProgress = false
            return nil
        }
        return LogProgress(end: end, safe: safe)
    }

    public func isOnlyWriter() throws(StoreError) -> Bool {
        // a role that cannot write may bear the name, and does not count
        let writers = try query(
            """
            SELECT count(*) FROM pg_stat_activity WHERE application_name = '\(PostgresConnection.writerName)'
            AND datname = current_database() AND has_table_privilege(usesysid, 'customs.runs', 'INSERT')
            """, [])
        return writers.first?[0].integer == 1
    }

    /// The name of all sessions that write batches of usage, so that they can be counted.
    private static let writerName = "customs writer"

    private func rows(of result: OpaquePointer?) -> [[SQLValue]] {
        let columns = PQnfields(result)
        let types = (0..<columns).map { PQftype(result, $0) }
        return (0..<PQntuples(result)).map { row in
            (0..<columns).map { column in
                if PQgetisnull(result, row, column) == 1 { return .null }
                let count = Int(PQgetlength(result, row, column))
                guard let start = PQgetvalue(result, row, column) else { return .null }
                let text = String(decoding: UnsafeRawBufferPointer(start: start, count: count), as: UTF8.self)
                return SQLValue(postgresText: text, type: types[Int(column)])
            }
        }
    }

    func failure(_ result: OpaquePointer?) -> StoreError {
        let why = oneLine(String(cString: PQerrorMessage(handle)))
        guard PQstatus(handle) == CONNECTION_OK else { return .unavailable(why) }
        let state = PQresultErrorField(result, Int32(UInt8(ascii: "C"))).map { String(cString: $0) } ?? ""
        return StoreError(sqlState: state, why)
    }

    /// `?` as `$1`, `$2`, …
    private func numbered(_ sql: String) -> String {
        guard sql.utf8.contains(UInt8(ascii: "?")) else { return sql }
        var number = 0
        var result = ""
        for character in sql {
            if character == "?" {
                number += 1
                result += "$\(number)"
            } else {
                result.append(character)
            }
        }
        return result
    }
}
