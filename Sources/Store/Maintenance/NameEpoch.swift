/// Counts how often names were deleted from the store's dictionaries.
///
/// Writers remember the ids of names as long as they run. A transaction that deletes names locks out the writers and
/// begins a new epoch. A writer that finds a new epoch forgets its ids before it writes.
enum NameEpoch {
    static func current(_ connection: any SQLConnection) throws(StoreError) -> Int64 {
        try connection.query("SELECT names FROM epochs").first?[0].integer ?? 0
    }

    /// Within a transaction: the epoch, which cannot change until the transaction's end.
    static func current(sharedBy connection: any SQLConnection) throws(StoreError) -> Int64 {
        try connection.lock(.names, .shared)
        return try current(connection)
    }

    /// Within a transaction: begins a new epoch. No writer writes until the transaction's end.
    static func begin(_ connection: any SQLConnection) throws(StoreError) {
        try connection.lock(.names, .alone)
        try connection.query("UPDATE epochs SET names = names + 1")
    }
}
