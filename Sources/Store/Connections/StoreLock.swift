/// Every lock of the store, by its table.
///
/// In PostgreSQL it is a lock of that table in a mode that needs the right to write. Advisory locks would not do: each
/// role that may connect can take any of them, and so hold up the daemons.
public enum StoreLock: String, Sendable, CaseIterable {
    /// Alone while the tables are brought to this program's version.
    case schema = "schema_versions"
    /// Shared by each batch, alone while names are taken out of the dictionaries (`NameEpoch`).
    case names = "lock_names"
    /// Shared by each change of days that may be packed, alone while packing of a day begins or ends.
    case packedDays = "lock_packed_days"

    public enum Mode: Sendable {
        case shared, alone
    }
}

extension SQLConnection {
    /// Takes a lock until the end of the present transaction.
    ///
    /// It is a statement of its own, because a statement's snapshot is taken before it waits for a lock.
    func lock(_ lock: StoreLock, _ mode: StoreLock.Mode) throws(StoreError) {
        try dialect.take(lock, mode, on: self)
    }
}
