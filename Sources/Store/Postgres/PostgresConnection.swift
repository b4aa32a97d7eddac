import CPQ

/// A connection to PostgreSQL by libpq. All tables are in the schema `customs`.
public final class PostgresConnection: SQLConnection {
    public let dialect = Dialect.postgres
    public var isInTransaction = false
    private let handle: OpaquePointer
    private let copy = CopyBuffer()
    private let activity: StoreActivity
    private let interrupt: PostgresInterrupt
    /// False once a standby must have each transaction, for only the commit itself can wait for that; and where nothing is
    /// told.
    public private(set) var tellsLogProgress = false

    /// Connects, within 10 s unless `connection` or the environment says otherwise.
    ///
    /// - Parameter connection: a URL or key=value words (PostgreSQL manual, section 34.1.1). Passwords come from `.pgpass`,
    ///   a service file or the environment.
    /// - Parameter writesUsage: whether batches of usage are written by it: others take few rows and hold none up.
    /// - Parameter readsAll: whether it changes what is stored by statements that go over whole tables.
    /// - Parameter activity: is told what the connection is at.
    /// - Throws: `StoreError.unavailable`; `.badLocation` if this is no way to a server that it can use.
    public init(
        connection: String, readOnly: Bool = false, writesUsage: Bool = false, readsAll: Bool = false,
        activity: StoreActivity = StoreActivity()
    ) throws(StoreError) {
        try PostgresClient.check(connection)
        let connect = { PostgresConnection.connect(connection) }
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
        // from 14 on a server looks whether anybody still waits for what it does
        try run(
            script: PostgresConnection.session
                + (version >= 140_000 ? "; SET client_connection_check_interval TO '2s'" : ""))
        if readOnly {
            try run(script: "SET default_transaction_read_only TO on")
        } else if !readsAll {
            // What is written looks up a batch's few rows in tables of any size, always by an index. The planner, who has
            // no statistics of temporary tables, would read the large ones from end to end instead.
            try run(script: "SET enable_hashjoin TO off; SET enable_mergejoin TO off")
        }
        if writesUsage {
            _ = try query("SELECT pg_advisory_lock_shared(\(PostgresConnection.writersLock))", [])
            tellsLogProgress = true
            _ = try logProgress()
        }
    }

    private static func connect(_ connection: String) -> OpaquePointer? {
        // what stands later wins, so that the connection string overrides the defaults before it
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

    /// What this program relies on, whatever the server, the database, the role, `options=` or `PGOPTIONS` say; all else that they say holds.
    ///
    /// It is set once the connection stands: a pooler refuses `options` at its start, and they would replace the user's own.
    /// Locks are waited for and then looked again, which a snapshot of the whole transaction would not show. To compile a
    /// statement takes longer than it runs for.
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

    /// Hands over the rows of a query as they come, in libpq's binary form, to the last one or until `body` throws.
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

    public func stage(
        _ table: StagedTable, count: Int, _ row: (Int, inout Writer) -> Void
    ) throws(StoreError) {
        try copyRows("pg_temp.\(table.name)", table.columns.map { $0.kind }, count: count, row)
    }

    public func append(
        to table: StagedTable, count: Int, _ row: (Int, inout Writer) -> Void
    ) throws(StoreError) {
        let columns = table.columns.map { $0.name }.joined(separator: ", ")
        try copyRows("customs.\(table.name) (\(columns))", table.columns.map { $0.kind }, count: count, row)
    }

    public func logProgress() throws(StoreError) -> LogProgress? {
        guard tellsLogProgress else { return nil }
        let row: [SQLValue]?
        do throws(StoreError) {
            // the server may be told of a standby at any time
            row = try query(
                """
                SELECT CAST(pg_current_wal_insert_lsn() - '0/0' AS bigint),
                    CAST(pg_current_wal_flush_lsn() - '0/0' AS bigint), current_setting('synchronous_standby_names') = ''
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
        let writers = try query(
            """
            SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1
            AND classid = \(PostgresConnection.writersLock >> 32) AND objid = \(PostgresConnection.writersLock & 0xFFFF_FFFF)
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
            """, [])
        return writers.first?[0].integer == 1
    }

    /// Held, shared, by every connection that writes batches of usage: so they can be counted.
    private static let writersLock = 0x6375_7374_6F6D_7377

    private func copyRows(
        _ target: String, _ kinds: [StagedTable.Kind], count: Int, _ row: (Int, inout Writer) -> Void
    ) throws(StoreError) {
        try begin(copy: "COPY \(target) FROM STDIN (FORMAT binary)")
        copy.begin()
        var writer = Writer(buffer: copy, kinds: kinds)
        for index in 0..<count {
            writer.begin()
            row(index, &writer)
            if copy.bytes.count > CopyBuffer.chunk {
                try put(copy.bytes)
                copy.forget()
            }
        }
        copy.end()
        try put(copy.bytes)
        try finishCopy()
    }

    /// Encodes rows for COPY BINARY.
    public struct Writer: RowWriter {
        private let buffer: CopyBuffer
        private let kinds: [StagedTable.Kind]
        private var column = 0

        fileprivate init(buffer: CopyBuffer, kinds: [StagedTable.Kind]) {
            self.buffer = buffer
            self.kinds = kinds
        }

        fileprivate mutating func begin() {
            column = 0
            buffer.row(columns: kinds.count)
        }

        public mutating func integer(_ value: Int64) {
            switch kinds[column] {
            case .small: buffer.field(small: value)
            case .tiny: buffer.field(tiny: value)
            default: buffer.field(value)
            }
            column += 1
        }

        public mutating func null() {
            buffer.null()
            column += 1
        }

        public mutating func text(_ utf8: UnsafeRawBufferPointer) { bytes(utf8) }

        public mutating func bytes(_ bytes: UnsafeRawBufferPointer) {
            buffer.field(bytes)
            column += 1
        }

        public mutating func uuid(high: UInt64, low: UInt64) {
            buffer.field(high: high, low: low)
            column += 1
        }
    }

    private func begin(copy sql: String) throws(StoreError) {
        let result = try activity.watching { () throws(StoreError) in PQexec(handle, sql) }
        defer { PQclear(result) }
        guard PQresultStatus(result) == PGRES_COPY_IN else { throw failure(result) }
    }

    private func put(_ bytes: UnsafeRawBufferPointer) throws(StoreError) {
        let sent = try activity.watching { () throws(StoreError) in
            PQputCopyData(handle, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(bytes.count))
        }
        guard sent == 1 else { throw .unavailable(oneLine(String(cString: PQerrorMessage(handle)))) }
    }

    private func finishCopy() throws(StoreError) {
        guard try activity.watching({ () throws(StoreError) in PQputCopyEnd(handle, nil) }) == 1 else {
            throw .unavailable(oneLine(String(cString: PQerrorMessage(handle))))
        }
        var refusal: StoreError?
        while let result = try activity.watching({ () throws(StoreError) in PQgetResult(handle) }) {
            if PQresultStatus(result) != PGRES_COMMAND_OK, refusal == nil { refusal = failure(result) }
            PQclear(result)
        }
        if let refusal { throw refusal }
    }

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

    private func failure(_ result: OpaquePointer?) -> StoreError {
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

extension StagedTable.Kind {
    fileprivate var postgresType: String {
        switch self {
        case .integer: "bigint"
        case .small: "integer"
        case .tiny: "smallint"
        case .text: "text COLLATE \"C\""
        case .bytes: "bytea"
        case .uuid: "uuid"
        }
    }
}

extension SQLValue {
    fileprivate var postgresText: String? {
        switch self {
        case .null: nil
        case .integer(let value): String(value)
        case .real(let value): String(value)
        case .text(let value): value
        case .bytes(let value): "\\x" + value.hexadecimal
        }
    }

    /// Reads libpq's text form by the type's object id (`pg_type.dat`).
    fileprivate init(postgresText text: String, type: Oid) {
        switch type {
        case 20, 21, 23, 26: self = Int64(text).map { .integer($0) } ?? .text(text)
        case 700, 701: self = Double(text).map { .real($0) } ?? .text(text)
        case 1700: self = Int64(text).map { .integer($0) } ?? Double(text).map { .real($0) } ?? .text(text)
        case 16: self = .integer(text == "t" ? 1 : 0)
        case 17: self = .bytes([UInt8](bytea: text))
        case 2950: self = .bytes([UInt8](hexadecimal: text.filter { $0 != "-" }[...]))
        default: self = .text(text)
        }
    }
}

private func oneLine(_ text: String) -> String {
    String(text.map { $0 == "\n" ? " " : $0 }).trimmed
}

private func withCStrings<Result>(
    _ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> Result
) -> Result {
    withOptionalCStrings(strings.map { Optional($0) }, body)
}

/// Calls `body` with an array of C strings, nil for nil, and a nil after the last.
private func withOptionalCStrings<Result>(
    _ strings: [String?], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> Result
) -> Result {
    var storage: [CChar] = []
    var offsets: [Int?] = []
    for string in strings {
        guard let string else {
            offsets.append(nil)
            continue
        }
        offsets.append(storage.count)
        storage.append(contentsOf: string.utf8.map { CChar(bitPattern: $0) })
        storage.append(0)
    }
    return storage.withUnsafeBufferPointer { bytes in
        var pointers = offsets.map { offset in offset.flatMap { bytes.baseAddress?.advanced(by: $0) } }
        pointers.append(nil)
        return pointers.withUnsafeBufferPointer { list in
            guard let start = list.baseAddress else { preconditionFailure("an array of one element has an address") }
            return body(start)
        }
    }
}
