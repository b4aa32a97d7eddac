/// Counts how often names were taken out of the store's dictionaries.
///
/// Writers remember the numbers of names for as long as they run. Whoever takes names away does it alone, and begins a new
/// epoch; a writer that finds another epoch than it knows forgets what it remembers before it writes.
enum NameEpoch {
    private static let lock: Int64 = 7_310_868_735_955_235_190

    static func current(_ connection: any SQLConnection) throws(StoreError) -> Int64 {
        try connection.query("SELECT names FROM epochs").first?[0].integer ?? 0
    }

    /// Within a transaction: the epoch, which stays until the transaction's end.
    static func current(sharedBy connection: any SQLConnection) throws(StoreError) -> Int64 {
        // a statement of its own: what a statement sees is settled before it waits for a lock
        if connection.dialect == .postgres { try connection.query("SELECT pg_advisory_xact_lock_shared(\(lock))") }
        return try current(connection)
    }

    /// Within a transaction: begins a new epoch. No writer writes until the transaction's end.
    static func begin(_ connection: any SQLConnection) throws(StoreError) {
        if connection.dialect == .postgres { try connection.query("SELECT pg_advisory_xact_lock(\(lock))") }
        try connection.query("UPDATE epochs SET names = names + 1")
    }
}
