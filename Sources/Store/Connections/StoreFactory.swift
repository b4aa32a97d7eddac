/// Opens stores by their location.
extension StoreLocation {
    /// A store to write to. Nothing is connected until the first call.
    ///
    /// - Parameter activity: tells other threads what its connection is at.
    public func makeStore(activity: StoreActivity = StoreActivity()) -> any UsageStore {
        switch self {
        case .sqlite(let path):
            SQLStore { () throws(StoreError) -> SQLiteConnection in
                try SQLiteConnection(path: path, activity: activity)
            }
        case .postgres(let connection):
            SQLStore { () throws(StoreError) -> PostgresConnection in
                try PostgresConnection(connection: connection, writesUsage: true, activity: activity)
            }
        }
    }

    /// A connection to change what is stored by; the tables are there and of this program's version.
    public func maintainer() throws(StoreError) -> any SQLConnection {
        switch self {
        case .sqlite(let path):
            let connection = try SQLiteConnection(path: path, creates: false)
            try Migrator.check(connection)
            return connection
        case .postgres(let text):
            let connection = try PostgresConnection(connection: text, readsAll: true)
            try Migrator.check(connection)
            return connection
        }
    }

    /// A connection to read from; the tables are there and of this program's version.
    ///
    /// - Parameter activity: tells other threads what the connection is at.
    public func reader(activity: StoreActivity = StoreActivity()) throws(StoreError) -> any SQLConnection {
        switch self {
        case .sqlite(let path):
            let connection = try SQLiteConnection(path: path, readOnly: true, activity: activity)
            try Migrator.check(connection)
            return connection
        case .postgres(let text):
            let connection = try PostgresConnection(connection: text, readOnly: true, activity: activity)
            try Migrator.check(connection)
            return connection
        }
    }
}
