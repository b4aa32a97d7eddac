/// Every advisory lock of the store. A database knows such locks by numbers alone, so this list keeps them distinct.
public enum AdvisoryLock: Int64, Sendable, CaseIterable {
    /// Alone while the tables are brought to this program's version.
    case schema = 7_310_868_735_955_235_189
    /// Shared by each batch, alone while names are taken out of the dictionaries (`NameEpoch`).
    case names = 7_310_868_735_955_235_190
    /// Shared by each change of days that may be packed, alone while packing of a day begins or ends.
    case packedDays = 7_310_868_735_955_235_191
    /// A lock that every connection that writes batches of usage shares, so that they can be counted.
    case usageWriters = 0x6375_7374_6F6D_7377

    public enum Mode: Sendable {
        case shared, alone
    }
}

extension SQLConnection {
    /// Takes a lock until the end of the present transaction.
    ///
    /// It is a statement of its own, because a statement's snapshot is taken before it waits for a lock.
    func lock(_ lock: AdvisoryLock, _ mode: AdvisoryLock.Mode) throws(StoreError) {
        try dialect.take(lock, mode, on: self)
    }
}
