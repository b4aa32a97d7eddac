/// One connection to a database of any dialect, used by one thread.
///
/// Statements are written once, in the SQL that PostgreSQL 13 and SQLite 3.35 share, with `?` for parameters. Rows in
/// bulk go through staged tables: temporary ones, filled by COPY or by a prepared INSERT. One statement then takes the
/// rows from there.
public protocol SQLConnection: AnyObject {
    associatedtype Writer: RowWriter

    var dialect: any SQLDialect { get }
    /// Kept by `transaction`.
    var isInTransaction: Bool { get set }

    /// Runs one statement and returns its rows.
    @discardableResult
    func query(_ sql: String, _ parameters: [SQLValue]) throws(StoreError) -> [[SQLValue]]

    /// Runs a query of integers of at most 8 bytes, none of them null, and calls `body` with row after row. For many
    /// rows. `body` must not use the connection.
    ///
    /// - Parameter atOnce: whether the rows are few enough to be in memory together, which is faster.
    func integers(
        _ sql: String, atOnce: Bool, _ body: (UnsafeBufferPointer<Int64>) throws(StoreError) -> Void
    ) throws(StoreError)

    /// Runs a query of byte strings, none of them null, and calls `body` with row after row. For large values. `body`
    /// must not use the connection.
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
    /// - Throws: `StoreError.unacceptable` if a row exists already, or cannot be inserted for another reason.
    func append(to table: StagedTable, count: Int, _ row: (Int, inout Writer) -> Void) throws(StoreError)

    /// Whether `logProgress` tells when a transaction that did not wait for the disk has reached it.
    var tellsLogProgress: Bool { get }

    /// The end of the database's log of changes, and the part of it on disk, bytes. Nil if the database does not tell;
    /// `tellsLogProgress` is false from then on.
    func logProgress() throws(StoreError) -> LogProgress?

    /// Whether this is the only connection that writes usage. A single writer needs no common order of rows.
    func isOnlyWriter() throws(StoreError) -> Bool
}

extension SQLConnection {
    @discardableResult
    public func query(_ sql: String) throws(StoreError) -> [[SQLValue]] { try query(sql, []) }

    /// Runs `body` in a transaction that takes the write lock at once; rolls back if it throws. Within another
    /// transaction it becomes a part of that.
    ///
    /// - Parameter waitsForDisk: false if the transaction may reach the disk together with the next one that waits:
    ///   logs are written in order. Until then a crash of the database can undo it, and the crash breaks the
    ///   connection.
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
            // the first error is the informative one; a broken connection has rolled back by itself
            try? run(script: "ROLLBACK")
            if !afterEnd.isEmpty { try? run(script: afterEnd) }
            throw error
        }
    }
}

extension SQLConnection {
    /// Runs `body` on the database's present state, whatever others write meanwhile. It must not write. Within a
    /// transaction it becomes a part of that.
    package func snapshot<Result>(_ body: () throws(StoreError) -> Result) throws(StoreError) -> Result {
        if isInTransaction { return try body() }
        isInTransaction = true
        defer { isInTransaction = false }
        try run(script: dialect.beginSnapshot)
        do {
            let result = try body()
            try run(script: "COMMIT")
            return result
        } catch {
            // the first error is the informative one; a broken connection has rolled back by itself
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
