/// SQLite, from 3.35 on: one file, in which one transaction writes at a time.
public struct SQLiteDialect: SQLDialect {
    public init() {}

    // MARK: Where a store is

    public var locationForm: String { "sqlite:///PATH" }

    public func address(in location: String) throws(StoreError) -> String? {
        let scheme = "sqlite://"
        guard location.hasPrefix(scheme) else { return nil }
        let path = String(location.dropFirst(scheme.count))
        guard !path.isEmpty, path != "/" else {
            throw .badLocation("'\(location)' names no file; write sqlite:///PATH/TO/customs.sqlite")
        }
        return path
    }

    public func check(address: String) {}

    public func description(of address: String) -> String { "sqlite://\(address)" }

    public func file(at address: String) -> String? { address }

    public func connect(
        to address: String, for use: ConnectionUse, activity: StoreActivity
    ) throws(StoreError) -> SQLiteConnection {
        try SQLiteConnection(path: address, for: use, activity: activity)
    }

    public func shell(
        at address: String, connection: any SQLConnection, statement: String?, arguments: [String]
    ) -> SQLShell {
        // if the file cannot be written, its name is a URI that says so
        let file = (connection as? SQLiteConnection)?.name ?? address
        return SQLShell(
            words: ["sqlite3", "-safe", "-readonly", "-header"] + arguments + [file] + (statement.map { [$0] } ?? []),
            package: "sqlite3")
    }

    // MARK: Words

    public var now: String { "CAST(strftime('%s', 'now') AS integer)" }

    /// Without statistics the planner may put dictionaries first and nest full scans of them: one job took 36 minutes.
    /// `CROSS JOIN` keeps the order in which the tables are written (sqlite.org/lang_select.html, section 2.1).
    public var lookUp: String { "CROSS JOIN" }

    public func key(_ digits: String) -> String { "X'\(digits)'" }

    public var keyParameter: String { "?" }

    public func keyValue(_ bytes: [UInt8]) -> SQLValue { .bytes(bytes) }

    public var randomKey: String { "randomblob(16)" }

    public func joined(_ text: String) -> String { "group_concat(\(text), '')" }

    public func runs(within ranges: String) -> String {
        "\(ranges) CROSS JOIN runs r ON r.run >= k.column1 AND r.run <= k.column2"
    }

    // MARK: Transactions

    public func begin(waitsForDisk: Bool) -> String {
        waitsForDisk ? "BEGIN IMMEDIATE" : "PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE"
    }

    /// The pragma outlives the transaction, and does nothing within one.
    public func afterEnd(waitsForDisk: Bool) -> String { waitsForDisk ? "" : "PRAGMA synchronous = FULL" }

    public var beginSnapshot: String { "BEGIN" }

    /// A transaction that writes has the database for itself.
    public func take(_ lock: StoreLock, _ mode: StoreLock.Mode, on connection: any SQLConnection) {}

    public var hasIndependentWriters: Bool { false }

    // MARK: Tables

    public var hasVersions: String { "SELECT count(*) FROM sqlite_master WHERE name = 'schema_versions'" }

    public var schemaWords: [(mark: String, word: String)] {
        [
            ("{id}", "INTEGER PRIMARY KEY"), ("{int}", "INTEGER"), ("{small}", "INTEGER"), ("{tiny}", "INTEGER"),
            ("{text}", "TEXT"), ("{bytes}", "BLOB"), ("{key}", "BLOB"), ("{rowid}", "WITHOUT ROWID"),
            ("{monthly}", "WITHOUT ROWID"), ("{details}", ""), ("{packed}", ""),
            ("{locks}", ""),
            ("{published}", "CREATE VIEW public_packages AS"),
            ("{published end}", ""), ("{look}", lookUp), ("{names}", lookUp),
            ("{date}", "date(r.day * 86400, 'unixepoch')"), ("{first_seen_at}", SQLiteDialect.time("r.first_seen")),
            ("{last_seen_at}", SQLiteDialect.time("r.last_seen")), ("{started_at}", SQLiteDialect.time("r.started")),
        ]
    }

    /// Microseconds since 1970 as a text in UTC, always with six digits, so that texts sort by time.
    private static func time(_ column: String) -> String {
        "strftime('%Y-%m-%dT%H:%M:%S', \(column) / 1000000, 'unixepoch') || printf('.%06dZ', \(column) % 1000000)"
    }

    public func textColumns(of connection: any SQLConnection) throws(StoreError) -> [(table: String, column: String)] {
        try connection.query(
            """
            SELECT t.name, c.name FROM sqlite_master t, pragma_table_info(t.name) c
            WHERE t.type = 'table' AND c.type IN ('TEXT', 'BLOB') AND t.name <> 'packed_parts'
            ORDER BY t.name, c.cid
            """
        ).compactMap { row in row[0].text.flatMap { table in row[1].text.map { (table, $0) } } }
    }

    // MARK: Usage

    public func takeJobIDs(_ count: Int, on connection: any SQLConnection) throws(StoreError) -> [Int32] {
        let last = try connection.query("SELECT COALESCE(max(id), 0) FROM jobs").first?[0].integer ?? 0
        return (1...count).map { Int32(truncatingIfNeeded: last + Int64($0)) }
    }

    public func mergeStagedRuns(
        _ upsert: String, on connection: any SQLConnection
    ) throws(StoreError) -> (new: Int64, written: Int64) {
        // no other connection writes while this transaction lasts
        let new = try connection.query(
            "SELECT count(*) FROM staged_runs s WHERE NOT EXISTS (SELECT 1 FROM runs r WHERE r.run = s.run)"
        ).first?[0].integer
        try connection.query(upsert)
        return (new ?? 0, try connection.query("SELECT changes()").first?[0].integer ?? 0)
    }

    // MARK: Maintenance

    public func prune(
        runs: String, sums: (String) -> String, on connection: any SQLConnection
    ) throws(StoreError) {
        try connection.query(sums(runs))
        try connection.query("DELETE \(runs)")
    }

    public func eraseDeleted(on connection: any SQLConnection) throws(StoreError) {
        try connection.run(script: "PRAGMA secure_delete = ON")
    }

    public func sweep(_ tables: [String], on connection: any SQLConnection) throws(StoreError) {
        try connection.run(script: "PRAGMA wal_checkpoint(TRUNCATE)")
    }
}
