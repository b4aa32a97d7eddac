import Record

/// One connection to a database of either dialect, used by one thread.
///
/// Statements are written once, in the SQL that PostgreSQL 13 and SQLite 3.35 share, with `?` for parameters. Rows in bulk
/// go through staged tables: temporary ones, filled by COPY or by a prepared INSERT, from which one statement then takes
/// what it needs.
public protocol SQLConnection: AnyObject {
    associatedtype Writer: RowWriter

    var dialect: Dialect { get }
    /// Kept by `transaction`.
    var isInTransaction: Bool { get set }

    /// Runs one statement and returns its rows.
    @discardableResult
    func query(_ sql: String, _ parameters: [SQLValue]) throws(StoreError) -> [[SQLValue]]

    /// Runs a query of integers of at most 8 bytes, none of them null, and hands over row after row: for many rows. `body` is
    /// to leave the connection alone.
    ///
    /// - Parameter atOnce: the rows are few enough to be in memory together, which is faster.
    func integers(
        _ sql: String, atOnce: Bool, _ body: (UnsafeBufferPointer<Int64>) throws(StoreError) -> Void
    ) throws(StoreError)

    /// Runs a query of byte strings, none of them null, and hands over row after row: for large ones. `body` is to leave the
    /// connection alone.
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

    /// Where the database's log of changes ends, and up to where it is on disk, bytes; nil where it does not tell, and from
    /// then on `tellsLogProgress` is false.
    func logProgress() throws(StoreError) -> LogProgress?

    /// Whether nobody else writes batches of usage to this database: who does waits for nobody, in whatever order it takes rows.
    func isOnlyWriter() throws(StoreError) -> Bool
}

extension SQLConnection {
    @discardableResult
    public func query(_ sql: String) throws(StoreError) -> [[SQLValue]] { try query(sql, []) }

    /// Runs `body` in a transaction that takes the write lock at once; rolls back if it throws. Within another it is a part
    /// of that.
    ///
    /// - Parameter waitsForDisk: false where it is enough that the transaction reaches the disk no later than the next one
    ///   that waits: logs are written in order. Until then a crash of the database can undo it, and that breaks the
    ///   connection.
    public func transaction<Result>(
        waitsForDisk: Bool = true, _ body: () throws(StoreError) -> Result
    ) throws(StoreError) -> Result {
        if isInTransaction { return try body() }
        isInTransaction = true
        defer { isInTransaction = false }
        let begin = dialect == .sqlite ? "BEGIN IMMEDIATE" : "BEGIN"
        if waitsForDisk {
            try run(script: begin)
        } else {
            try run(
                script: dialect == .sqlite
                    ? "PRAGMA synchronous = NORMAL; \(begin)" : "\(begin); SET LOCAL synchronous_commit TO off")
        }
        // SQLite's pragma outlives the transaction, and does nothing within one
        let end = waitsForDisk || dialect == .postgres ? "" : "; PRAGMA synchronous = FULL"
        do {
            let result = try body()
            try run(script: "COMMIT" + end)
            return result
        } catch {
            // the first error is the one that tells; a broken connection has rolled back by itself
            try? run(script: "ROLLBACK")
            if !end.isEmpty { try? run(script: String(end.dropFirst(2))) }
            throw error
        }
    }
}

extension SQLConnection {
    /// Runs `body` on the database as it is now, whatever others write meanwhile. Nothing is written. Within a transaction it
    /// is a part of that.
    func snapshot(_ body: () throws(StoreError) -> Void) throws(StoreError) {
        if isInTransaction { return try body() }
        isInTransaction = true
        defer { isInTransaction = false }
        try run(script: dialect == .sqlite ? "BEGIN" : "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
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
}

public enum Dialect: Sendable {
    case postgres, sqlite
}

/// A value in a statement or a row. Texts are equal if their bytes are, as in both databases.
public enum SQLValue: Sendable, Hashable {
    case null
    case integer(Int64)
    case real(Double)
    case text(String)
    case bytes([UInt8])

    public var integer: Int64? {
        switch self {
        case .integer(let value): value
        case .real(let value): Int64(exactly: value)
        default: nil
        }
    }

    public var real: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .real(let value): value
        default: nil
        }
    }

    public var text: String? {
        if case .text(let value) = self { value } else { nil }
    }

    public var bytes: [UInt8]? {
        if case .bytes(let value) = self { value } else { nil }
    }

    public static func integer(_ value: Int64?) -> SQLValue { value.map { .integer($0) } ?? .null }

    public static func == (left: SQLValue, right: SQLValue) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.integer(let one), .integer(let other)): one == other
        case (.real(let one), .real(let other)): one == other
        case (.text(let one), .text(let other)): ExactText(one) == ExactText(other)
        case (.bytes(let one), .bytes(let other)): one == other
        default: false
        }
    }

    public func hash(into hasher: inout Hasher) {
        switch self {
        case .null: hasher.combine(0 as UInt8)
        case .integer(let value): hasher.combine(value)
        case .real(let value): hasher.combine(value)
        case .text(let value): hasher.combine(ExactText(value))
        case .bytes(let value): hasher.combine(value)
        }
    }
}

/// Takes the values of a row in the order of its columns.
public protocol RowWriter {
    mutating func integer(_ value: Int64)
    mutating func null()
    mutating func text(_ utf8: UnsafeRawBufferPointer)
    mutating func bytes(_ bytes: UnsafeRawBufferPointer)
    /// 16 bytes, the high ones first.
    mutating func uuid(high: UInt64, low: UInt64)
}

extension RowWriter {
    mutating func integer(_ value: Int64?) {
        if let value { integer(value) } else { null() }
    }

    /// A count that is 0 for most rows: null takes no room.
    mutating func integer(orNull value: Int64) {
        if value == 0 { null() } else { integer(value) }
    }

    mutating func text(_ string: String?) {
        guard var string else { return null() }
        string.withUTF8 { text(UnsafeRawBufferPointer($0)) }
    }
}

/// A temporary table that rows in bulk pass through, or a table of the schema that they go into.
public struct StagedTable: Sendable {
    public enum Kind: Sendable {
        case integer, text, bytes, uuid
        /// Integers of 4 and of 2 bytes; only in tables of the schema.
        case small, tiny
    }

    public let name: String
    public let columns: [(name: String, kind: Kind)]

    public init(_ name: String, _ columns: [(name: String, kind: Kind)]) {
        self.name = name
        self.columns = columns
    }
}
