import CSQLite

/// A connection to an SQLite database file, in write-ahead mode.
public final class SQLiteConnection: SQLConnection {
    public var dialect: any SQLDialect { SQLiteDialect() }
    public var isInTransaction = false
    /// The name that was opened: the file, or a URI.
    public let name: String
    private let handle: OpaquePointer
    private var statements: [String: OpaquePointer] = [:]
    /// Memory of a bound key, until the row is inserted.
    private let key = UnsafeMutableRawBufferPointer.allocate(byteCount: 16, alignment: 8)
    private static let configured = sqlite_leave_memory_uncounted()
    private let activity: StoreActivity
    private let interrupt: SQLiteInterrupt

    /// Opens `path`.
    ///
    /// - Parameter activity: shows other threads the connection's state.
    /// - Throws: `StoreError.unavailable`.
    public init(
        path: String, for use: ConnectionUse, activity: StoreActivity = StoreActivity()
    ) throws(StoreError) {
        _ = SQLiteConnection.configured
        let isReading = use == .reading
        if isReading {
            (handle, name) = try SQLiteConnection.openToRead(path)
        } else {
            name = path
            handle = try SQLiteConnection.open(
                path, SQLITE_OPEN_READWRITE | (use.createsFile ? SQLITE_OPEN_CREATE : 0), called: path)
        }
        interrupt = SQLiteInterrupt(handle)
        self.activity = activity
        activity.attach(interrupt)
        interrupt.waitForLocks()
        if isReading {
            try run(script: "PRAGMA query_only = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -65536")
        } else {
            try run(
                script: """
                    PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY;
                    PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 4000; PRAGMA foreign_keys = OFF
                    """)
        }
    }

    /// - Parameter name: the file, or a URI.
    private static func open(_ name: String, _ flags: Int32, called path: String) throws(StoreError) -> OpaquePointer {
        var opened: OpaquePointer?
        let code = sqlite3_open_v2(name, &opened, flags | SQLITE_OPEN_NOMUTEX, nil)
        guard code == SQLITE_OK, let opened else {
            let why = opened.map { String(cString: sqlite3_errmsg($0)) } ?? "out of memory"
            sqlite3_close(opened)
            throw .unavailable("cannot open \(path): \(why)")
        }
        return opened
    }

    /// Opens a file for reading, also in a directory that this process may not write to.
    private static func openToRead(_ path: String) throws(StoreError) -> (OpaquePointer, name: String) {
        let opened = try open(path, SQLITE_OPEN_READONLY, called: path)
        let code = sqlite3_exec(opened, "SELECT 1 FROM sqlite_master LIMIT 1", nil, nil, nil)
        guard [SQLITE_CANTOPEN, SQLITE_READONLY].contains(code & 0xFF) else { return (opened, path) }
        let why = String(cString: sqlite3_errmsg(opened))
        sqlite3_close(opened)
        guard let name = UnchangingDatabase.name(of: path) else {
            throw .unavailable(
                """
                \(path) cannot be read where it lies (\(why)): its newest changes are in \(path)-wal, and its \
                directory may not be written; copy both files to a directory of your own
                """)
        }
        return (try open(name, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, called: path), name)
    }

    deinit {
        interrupt.forget()
        for statement in statements.values { sqlite3_finalize(statement) }
        sqlite3_close_v2(handle)
        key.deallocate()
    }

    public func query(_ sql: String, _ parameters: [SQLValue]) throws(StoreError) -> [[SQLValue]] {
        var rows: [[SQLValue]] = []
        try step(sql, parameters) { (statement: OpaquePointer) throws(StoreError) in
            rows.append((0..<sqlite3_column_count(statement)).map { column(statement, $0) })
        }
        return rows
    }

    public func integers(
        _ sql: String, atOnce: Bool, _ body: (UnsafeBufferPointer<Int64>) throws(StoreError) -> Void
    ) throws(StoreError) {
        var values: [Int64] = []
        try step(sql, []) { (statement: OpaquePointer) throws(StoreError) in
            values.removeAll(keepingCapacity: true)
            for index in 0..<sqlite3_column_count(statement) { values.append(sqlite3_column_int64(statement, index)) }
            try values.withUnsafeBufferPointer { (row: UnsafeBufferPointer<Int64>) throws(StoreError) in try body(row) }
        }
    }

    public func blobs(
        _ sql: String, _ body: ([UnsafeRawBufferPointer]) throws(StoreError) -> Void
    ) throws(StoreError) {
        try step(sql, []) { (statement: OpaquePointer) throws(StoreError) in
            try body(
                (0..<sqlite3_column_count(statement)).map { index in
                    UnsafeRawBufferPointer(
                        start: sqlite3_column_blob(statement, index), count: Int(sqlite3_column_bytes(statement, index))
                    )
                })
        }
    }

    private func step(
        _ sql: String, _ parameters: [SQLValue], _ body: (OpaquePointer) throws(StoreError) -> Void
    ) throws(StoreError) {
        try activity.watching { () throws(StoreError) in try rows(of: sql, parameters, body) }
    }

    private func rows(
        of sql: String, _ parameters: [SQLValue], _ body: (OpaquePointer) throws(StoreError) -> Void
    ) throws(StoreError) {
        let statement = try prepared(sql)
        defer {
            sqlite3_reset(statement)
            sqlite3_clear_bindings(statement)
        }
        for (index, value) in parameters.enumerated() { bind(value, to: statement, at: Int32(index + 1)) }
        while true {
            let code = sqlite3_step(statement)
            if code == SQLITE_DONE { return }
            guard code == SQLITE_ROW else { throw failure(code) }
            try body(statement)
        }
    }

    public func run(script: String) throws(StoreError) {
        let code = try activity.watching { () throws(StoreError) in sqlite3_exec(handle, script, nil, nil, nil) }
        guard code == SQLITE_OK else { throw failure(code) }
    }

    public func prepare(staged tables: [StagedTable]) throws(StoreError) {
        for table in tables {
            let columns = table.columns.map { "\($0.name) \($0.kind.sqliteType)" }.joined(separator: ", ")
            try run(script: "CREATE TEMP TABLE \(table.name) (\(columns))")
        }
    }

    public func stage(
        _ table: StagedTable, count: Int, _ row: (Int, inout Writer) -> Void
    ) throws(StoreError) {
        try run(script: "DELETE FROM temp.\(table.name)")
        try insert("temp.\(table.name)", table, count: count, row)
    }

    public func append(
        to table: StagedTable, count: Int, _ row: (Int, inout Writer) -> Void
    ) throws(StoreError) {
        try insert("\(table.name) (\(table.columns.map { $0.name }.joined(separator: ", ")))", table, count: count, row)
    }

    public var tellsLogProgress: Bool { false }

    public func logProgress() -> LogProgress? { nil }

    /// True, because a transaction locks the whole database.
    public func isOnlyWriter() -> Bool { true }

    private func insert(
        _ target: String, _ table: StagedTable, count: Int, _ row: (Int, inout Writer) -> Void
    ) throws(StoreError) {
        let marks = table.columns.map { _ in "?" }.joined(separator: ", ")
        let statement = try prepared("INSERT INTO \(target) VALUES (\(marks))")
        var writer = Writer(statement: statement, key: key)
        try activity.watching { () throws(StoreError) in
            for index in 0..<count {
                writer.column = 0
                row(index, &writer)
                let code = sqlite3_step(statement)
                sqlite3_reset(statement)
                guard code == SQLITE_DONE else { throw failure(code) }
            }
        }
        sqlite3_clear_bindings(statement)
    }

    /// Binds values to the statement that inserts a staged row.
    public struct Writer: RowWriter {
        fileprivate let statement: OpaquePointer
        fileprivate let key: UnsafeMutableRawBufferPointer
        fileprivate var column: Int32 = 0

        public mutating func integer(_ value: Int64) {
            column += 1
            sqlite3_bind_int64(statement, column, value)
        }

        public mutating func null() {
            column += 1
            sqlite3_bind_null(statement, column)
        }

        public mutating func text(_ utf8: UnsafeRawBufferPointer) {
            column += 1
            bindText(utf8, to: statement, at: column)
        }

        public mutating func bytes(_ bytes: UnsafeRawBufferPointer) {
            column += 1
            bindBlob(bytes, to: statement, at: column)
        }

        public mutating func uuid(high: UInt64, low: UInt64) {
            // each row has one key
            key.storeBytes(of: high.bigEndian, toByteOffset: 0, as: UInt64.self)
            key.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
            column += 1
            sqlite3_bind_blob(statement, column, key.baseAddress, 16, nil)
        }
    }

    private func prepared(_ sql: String) throws(StoreError) -> OpaquePointer {
        if let known = statements[sql] { return known }
        var statement: OpaquePointer?
        let code = sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil)
        guard code == SQLITE_OK, let statement else { throw failure(code) }
        statements[sql] = statement
        return statement
    }

    private func bind(_ value: SQLValue, to statement: OpaquePointer, at index: Int32) {
        switch value {
        case .null: sqlite3_bind_null(statement, index)
        case .integer(let value): sqlite3_bind_int64(statement, index, value)
        case .real(let value): sqlite3_bind_double(statement, index, value)
        case .text(var value): value.withUTF8 { bindText(UnsafeRawBufferPointer($0), to: statement, at: index) }
        case .bytes(let value): value.withUnsafeBytes { bindBlob($0, to: statement, at: index) }
        }
    }

    private func column(_ statement: OpaquePointer, _ index: Int32) -> SQLValue {
        switch sqlite3_column_type(statement, index) {
        case SQLITE_INTEGER: return .integer(sqlite3_column_int64(statement, index))
        case SQLITE_FLOAT: return .real(sqlite3_column_double(statement, index))
        case SQLITE_TEXT:
            let count = Int(sqlite3_column_bytes(statement, index))
            guard let text = sqlite3_column_text(statement, index) else { return .text("") }
            return .text(String(decoding: UnsafeBufferPointer(start: text, count: count), as: UTF8.self))
        case SQLITE_BLOB:
            let count = Int(sqlite3_column_bytes(statement, index))
            return .bytes([UInt8](UnsafeRawBufferPointer(start: sqlite3_column_blob(statement, index), count: count)))
        default: return .null
        }
    }

    private func failure(_ code: Int32) -> StoreError {
        let why = String(cString: sqlite3_errmsg(handle))
        switch code & 0xFF {
        case SQLITE_BUSY, SQLITE_LOCKED, SQLITE_FULL, SQLITE_NOMEM: return .busy(why)
        case SQLITE_IOERR, SQLITE_CANTOPEN, SQLITE_READONLY, SQLITE_INTERRUPT: return .unavailable(why)
        case SQLITE_NOTADB, SQLITE_CORRUPT: return .schema("\(why); the file is not a valid SQLite database")
        case SQLITE_CONSTRAINT, SQLITE_MISMATCH, SQLITE_TOOBIG, SQLITE_RANGE: return .unacceptable(why)
        default: return .refused(why)
        }
    }
}

extension StagedTable.Kind {
    fileprivate var sqliteType: String {
        switch self {
        case .integer, .small, .tiny: "INTEGER"
        case .text: "TEXT"
        case .bytes, .uuid: "BLOB"
        }
    }
}

/// SQLite copies the bytes before the call returns (SQLITE_TRANSIENT).
private var copied: sqlite3_destructor_type { unsafeBitCast(-1, to: sqlite3_destructor_type.self) }

private func bindText(_ utf8: UnsafeRawBufferPointer, to statement: OpaquePointer, at index: Int32) {
    let start = utf8.baseAddress?.assumingMemoryBound(to: CChar.self)
    if let start {
        sqlite3_bind_text(statement, index, start, Int32(utf8.count), copied)
    } else {
        sqlite3_bind_text(statement, index, "", 0, copied)
    }
}

private func bindBlob(_ bytes: UnsafeRawBufferPointer, to statement: OpaquePointer, at index: Int32) {
    if let start = bytes.baseAddress {
        sqlite3_bind_blob(statement, index, start, Int32(bytes.count), copied)
    } else {
        sqlite3_bind_zeroblob(statement, index, 0)
    }
}
