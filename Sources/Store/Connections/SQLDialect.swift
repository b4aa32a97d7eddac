/// The parts of the store that differ between databases; everything else is SQL that all of them understand.
///
/// A dialect has no state. Its folder holds the dialect, its connection, and the code that the connection needs.
public protocol SQLDialect: Sendable {
    associatedtype Connection: SQLConnection

    // MARK: Where a store is

    /// The form of this database's locations, for errors.
    var locationForm: String { get }

    /// The address for opening connections (a path, a URL); nil if the location is another database's.
    ///
    /// - Throws: `StoreError.badLocation` with a valid form.
    func address(in location: String) throws(StoreError) -> String?

    /// Checks that the address can be understood as a whole; nothing is connected.
    ///
    /// - Throws: `StoreError.badLocation`.
    func check(address: String) throws(StoreError)

    /// The location without any password in it, for logs and errors.
    func description(of address: String) -> String

    /// The path of the database's file; nil where a server holds the data.
    func file(at address: String) -> String?

    /// Makes a connection; no other code does.
    ///
    /// - Parameter activity: shows other threads the connection's state.
    /// - Throws: `StoreError.unavailable`; `.badLocation` if the address does not lead to a usable database.
    func connect(to address: String, for use: ConnectionUse, activity: StoreActivity) throws(StoreError) -> Connection

    /// The database's own program, for queries in SQL.
    ///
    /// - Parameters:
    ///   - connection: a connection to the same address that reads.
    ///   - statement: the statement to run before the program ends; nil to read statements from the terminal.
    ///   - arguments: more arguments of the program.
    /// - Throws: `StoreError.badLocation` if the address cannot be passed to another program.
    func shell(
        at address: String, connection: any SQLConnection, statement: String?, arguments: [String]
    ) throws(StoreError) -> SQLShell

    // MARK: Words

    /// The database's clock, seconds since 1970 UTC.
    var now: String { get }

    /// The join operator for a table whose rows are looked up by their key, one for each row so far.
    var lookUp: String { get }

    /// A literal of 16 bytes, of 32 hexadecimal digits.
    func key(_ digits: String) -> String

    /// A parameter of 16 bytes; `keyValue` makes its value.
    var keyParameter: String { get }

    func keyValue(_ bytes: [UInt8]) -> SQLValue

    /// 16 random bytes.
    var randomKey: String { get }

    /// The texts of a group as one text, in the order of the subquery that the rows come from and that sorts by the
    /// group first. An order of the function's own is not known to every database, and sorts each group by itself.
    func joined(_ text: String) -> String

    /// The runs, called `r`, whose keys lie in ranges.
    ///
    /// - Parameter ranges: VALUES of the least and the greatest key of each, called `k`.
    func runs(within ranges: String) -> String

    // MARK: Transactions

    /// Begins a transaction. It takes the write lock at once, if the database has one.
    func begin(waitsForDisk: Bool) -> String

    /// Statements after the end of such a transaction; empty for none.
    func afterEnd(waitsForDisk: Bool) -> String

    /// Begins a transaction that reads the database as of one moment.
    var beginSnapshot: String { get }

    /// Takes a lock until the end of the transaction at hand.
    func take(_ lock: StoreLock, _ mode: StoreLock.Mode, on connection: any SQLConnection) throws(StoreError)

    /// Whether a connection can write while a transaction of another one hangs.
    var hasIndependentWriters: Bool { get }

    // MARK: Tables

    /// A query of 1 if the table of versions is there, else 0.
    var hasVersions: String { get }

    /// Creates the namespace of the tables, within the transaction that creates them.
    func prepareSchema(on connection: any SQLConnection) throws(StoreError)

    /// The replacement of each mark in the text of a migration (`Schema`).
    var schemaWords: [(mark: String, word: String)] { get }

    /// The columns of the store's own tables that hold texts or byte strings. Columns of packed days are left out: they
    /// hold numbers.
    func textColumns(of connection: any SQLConnection) throws(StoreError) -> [(table: String, column: String)]

    // MARK: Usage

    /// Takes ids of `jobs` that no row has and no other row will get.
    ///
    /// - Throws: `StoreError.unacceptable` if another connection does so at the same time.
    func takeJobIDs(_ count: Int, on connection: any SQLConnection) throws(StoreError) -> [Int32]

    /// Merges the staged runs into those that are there.
    ///
    /// - Parameter upsert: the statement that does so.
    /// - Returns: how many of them are new, and how many were written at all.
    func mergeStagedRuns(
        _ upsert: String, on connection: any SQLConnection
    ) throws(StoreError) -> (new: Int64, written: Int64)

    /// A join that finds the jobs, called `j`, of some runs called `r`.
    ///
    /// - Parameter condition: which runs those are.
    func joinJobs(ofRuns condition: String, on connection: any SQLConnection) throws(StoreError) -> String

    // MARK: Months of runs

    /// Makes the tables that runs of this month and the next ones go into, of those that are missing.
    func makeMonthsAhead(on connection: any SQLConnection) throws(StoreError)

    /// The months before a day that have tables of their own, in order.
    func months(before day: Int, on connection: any SQLConnection) throws(StoreError) -> [CalendarMonth]

    /// Drops a month's table, within a transaction.
    ///
    /// - Throws: `StoreError.busy` if it holds other numbers of runs and processes than these, or others use it.
    func drop(
        _ month: CalendarMonth, runs: Int64, processes: Int64, on connection: any SQLConnection
    ) throws(StoreError)

    // MARK: Maintenance

    /// Deletes runs and adds them to sums, within a transaction.
    ///
    /// - Parameters:
    ///   - runs: the FROM clause and the rest of the query.
    ///   - sums: makes the statement that adds up the rows of a FROM clause.
    func prune(runs: String, sums: (String) -> String, on connection: any SQLConnection) throws(StoreError)

    /// Runs statements that look up few rows of large tables, within a transaction.
    func lookingUp(on connection: any SQLConnection, _ body: () throws(StoreError) -> Void) throws(StoreError)

    /// Makes later deletions on this connection leave no data in the database's files.
    func eraseDeleted(on connection: any SQLConnection) throws(StoreError)

    /// Clears old values of changed rows from the database's files, as far as other connections let it.
    func sweep(_ tables: [String], on connection: any SQLConnection) throws(StoreError)
}

/// Defaults for databases that need nothing here.
extension SQLDialect {
    public func afterEnd(waitsForDisk: Bool) -> String { "" }

    public func prepareSchema(on connection: any SQLConnection) {}

    public func joinJobs(ofRuns condition: String, on connection: any SQLConnection) -> String {
        "LEFT JOIN jobs j ON j.id = r.job"
    }

    public func makeMonthsAhead(on connection: any SQLConnection) {}

    public func months(before day: Int, on connection: any SQLConnection) -> [CalendarMonth] { [] }

    public func drop(_ month: CalendarMonth, runs: Int64, processes: Int64, on connection: any SQLConnection) {}

    public func lookingUp(on connection: any SQLConnection, _ body: () throws(StoreError) -> Void) throws(StoreError) {
        try body()
    }

    public func eraseDeleted(on connection: any SQLConnection) {}
}
