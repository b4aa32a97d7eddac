import Checksum
import Glibc

/// PostgreSQL, from 13 on. All tables are in the schema `customs`.
public struct PostgresDialect: SQLDialect {
    public init() {}

    // MARK: Where a store is

    public var locationForm: String { "postgres://…, or libpq's key=value words" }

    public func address(in location: String) -> String? {
        let isURL = location.hasPrefix("postgres://") || location.hasPrefix("postgresql://")
        return isURL || !location.contains("://") && location.contains("=") ? location : nil
    }

    public func check(address: String) throws(StoreError) { try PostgresClient.check(address) }

    public func description(of address: String) -> String { Redaction.redacted(address) }

    public func file(at address: String) -> String? { nil }

    public func connect(
        to address: String, for use: ConnectionUse, activity: StoreActivity
    ) throws(StoreError) -> PostgresConnection {
        try PostgresConnection(address: address, for: use, activity: activity)
    }

    public func shell(
        at address: String, connection: any SQLConnection, statement: String?, arguments: [String]
    ) throws(StoreError) -> SQLShell {
        let client = try PostgresClient(readingFrom: address, options: getenv("PGOPTIONS").map { String(cString: $0) })
        return SQLShell(
            words: ["psql", "-X", "-d", client.connection] + (statement.map { ["-c", $0] } ?? []) + arguments,
            environment: client.environment.map { ($0.name, $0.value) }, package: "postgresql-client")
    }

    // MARK: Words

    public var now: String { "CAST(floor(extract(epoch FROM now())) AS bigint)" }

    /// The planner has statistics, and knows no other order of joins.
    public var lookUp: String { "JOIN" }

    public func key(_ digits: String) -> String { "CAST('\(digits)' AS uuid)" }

    public var keyParameter: String { "CAST(? AS uuid)" }

    public func keyValue(_ bytes: [UInt8]) -> SQLValue { .text(bytes.hexadecimal) }

    public var randomKey: String { "gen_random_uuid()" }

    public func joined(_ text: String) -> String { "string_agg(\(text), '')" }

    /// The planner, left alone, would read all runs there are.
    public func runs(within ranges: String) -> String {
        """
        \(ranges) CROSS JOIN LATERAL (
            SELECT * FROM runs x WHERE x.run >= k.column1 AND x.run <= k.column2 OFFSET 0) r
        """
    }

    // MARK: Transactions

    public func begin(waitsForDisk: Bool) -> String {
        waitsForDisk ? "BEGIN" : "BEGIN; SET LOCAL synchronous_commit TO off"
    }

    public var beginSnapshot: String { "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" }

    public func take(
        _ lock: StoreLock, _ mode: StoreLock.Mode, on connection: any SQLConnection
    ) throws(StoreError) {
        // the right to read a table allows ACCESS SHARE alone, which neither conflicts with
        // (PostgreSQL manual, section 13.3.1)
        let name = mode == .shared ? "SHARE" : "EXCLUSIVE"
        try connection.query("LOCK TABLE \(lock.rawValue) IN \(name) MODE")
    }

    public var hasIndependentWriters: Bool { true }

    // MARK: Tables

    public var hasVersions: String { "SELECT to_regclass('customs.schema_versions') IS NOT NULL" }

    public func prepareSchema(on connection: any SQLConnection) throws(StoreError) {
        // creating an existing schema would need a right that nothing else needs
        if try connection.query("SELECT 1 FROM pg_namespace WHERE nspname = 'customs'").isEmpty {
            try connection.run(script: "CREATE SCHEMA customs")
        }
    }

    public func textColumns(of connection: any SQLConnection) throws(StoreError) -> [(table: String, column: String)] {
        try connection.query(
            """
            SELECT CAST(c.relname AS text), CAST(a.attname AS text)
            FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
            WHERE c.relnamespace = CAST('customs' AS regnamespace) AND c.relkind = 'r' AND a.attnum > 0
                AND NOT a.attisdropped AND a.atttypid IN (CAST('text' AS regtype), CAST('bytea' AS regtype))
                AND c.relname <> 'packed_parts'
            ORDER BY c.relname, a.attnum
            """
        ).compactMap { row in row[0].text.flatMap { table in row[1].text.map { (table, $0) } } }
    }

    // MARK: Months of runs

    public func makeMonthsAhead(on connection: any SQLConnection) throws(StoreError) {
        try RunPartitions.makeAhead(connection)
    }

    public func months(before day: Int, on connection: any SQLConnection) throws(StoreError) -> [CalendarMonth] {
        try RunPartitions.months(connection, before: day)
    }

    public func drop(
        _ month: CalendarMonth, runs: Int64, processes: Int64, on connection: any SQLConnection
    ) throws(StoreError) {
        try RunPartitions.drop(month, runs: runs, processes: processes, on: connection)
    }
}
