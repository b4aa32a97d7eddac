/// One connection to a database of any dialect, used by one thread.
///
/// Statements are written once, in the SQL that PostgreSQL 13 and SQLite 3.35 share, with `?` for parameters. Rows
/// in bulk go through staged tables: temporary ones, filled by COPY or by a prepared INSERT, from which one
/// statement then takes what it needs.
public protocol SQLConnection: AnyObject {
    associatedtype Writer: RowWriter

    var dialect: any SQLDialect { get }
    /// Kept by `transaction`.
    var isInTransaction: Bool { get set }

    /// Runs one statement and returns its rows.
    @discardableResult
    func query(_ sql: String, _ parameters: [SQLValue]) throws(StoreError) -> [[SQLValue]]

    /// Runs a query of integers of at most 8 bytes, none of them null, and hands over row after row: for many rows.
    /// `body` is to leave the connection alone.
    ///
    /// - Parameter atOnce: the rows are few enough to be in memory together, which is faster.
    func integers(
        _ sql: String, atOnce: Bool, _ body: (UnsafeBufferPointer<Int64>) throws(StoreError) -> Void
    ) throws(StoreError)

    /// Runs a query of byte strings, none of them null, and hands over row after row: for large ones. `body` is to
    /// leave the connection alone.
    func blobs(
        _ sql: String, _ body: ([UnsafeRawBufferPointer]) throws(StoreError) -> Void
    ) throws(StoreError)

    /// Runs statements without parameters, separated by semicolons.
    func run(script: String) throws(StoreError)

    /// Makes the connection's temporary tables, once, outside any transaction.
    func prepare(staged tables: [StagedTable]) throws(StoreError)

    /// Adds `count` rows to a staged table, within a transaction; its end empties the table.
    func stage(_ table: StagedTable, count: Int, _ row: (Int, inout Writer) -> Void) throws(StoreError)

    /// Adds rows to a table of the schema, within a transaction.
    ///
    /// - Throws: `StoreError.unacceptable` if one of them is there already, or for another reason cannot be.
    func append(to table: StagedTable, count: Int, _ row: (Int, inout Writer) -> Void) throws(StoreError)

    /// Whether the database tells by `logProgress` when a transaction that did not wait for the disk has reached it.
    var tellsLogProgress: Bool { get }

    /// Where the database's log of changes ends, and up to where it is on disk, bytes; nil where it does not tell,
    /// and from then on `tellsLogProgress` is false.
    func logProgress() throws(StoreError) -> LogProgress?

    /// Whether this is the only connection that writes usage: then it waits for no other, in whatever order it
    /// takes rows.
    func isOnlyWriter() throws(StoreError) -> Bool
}

extension SQLConnection {
    @discardableResult
    public func query(_ sql: String) throws(StoreError) -> [[SQLValue]] { try query(sql, []) }

    /// Runs `body` in a transaction that takes the write lock at once; rolls back if it throws. Within another it
    /// is a part of that.
    ///
    /// - Parameter waitsForDisk: false where it is enough that the transaction reaches the disk no later than the
    ///   next one that waits: logs are written in order. Until then a crash of the database can undo it, and that
    ///   breaks the connection.
    public func transaction<Result>(
        waitsForDisk: Bool = true, _ body: () throws(StoreError) -> Result
    ) throws(StoreError) -> Result {
        if isInTransaction { return try body() }
        isInTransaction = true
        defer { isInTransaction = false }
        let dialect = dialect
        try run(script: dialect.begin(waitsForDisk: waitsForDisk))
        let afterEnd = dialect.afterEnd(waitsForDisk: waitsForDisk)
        do {
            let result = try body()
            try run(script: afterEnd.isEmpty ? "COMMIT" : "COMMIT; \(afterEnd)")
            return result
        } catch {
            // the first error is the one that tells; a broken connection has rolled back by itself
            try? run(script: "ROLLBACK")
            if !afterEnd.isEmpty { try? run(script: afterEnd) }
            throw error
        }
    }
}

extension SQLConnection {
    /// Runs `body` on the database as it is now, whatever others write meanwhile. Nothing is written. Within a
    /// transaction it is a part of that.
    func snapshot(_ body: () throws(StoreError) -> Void) throws(StoreError) {
        if isInTransaction { return try body() }
        isInTransaction = true
        defer { isInTransaction = false }
        try run(script: dialect.beginSnapshot)
        do {
            try body()
            try run(script: "COMMIT")
        } catch {
            // the first error is the one that tells; a broken connection has rolled back by itself
            try? run(script: "ROLLBACK")
            throw error
        }
    }
}

public struct LogProgress: Sendable {
    public let end: Int64
    public let safe: Int64

    public init(end: Int64, safe: Int64) {
        self.end = end
        self.safe = safe
    }
}
