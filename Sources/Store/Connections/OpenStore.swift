/// Opens stores by their location.
extension StoreLocation {
    /// A connection, without a check of the tables.
    ///
    /// - Parameter activity: shows other threads the connection's state.
    public func connect(
        for use: ConnectionUse, activity: StoreActivity = StoreActivity()
    ) throws(StoreError) -> any SQLConnection {
        try database.dialect.connect(to: address, for: use, activity: activity)
    }

    /// A connection for changing stored data; the tables exist and have this program's version.
    public func maintainer() throws(StoreError) -> any SQLConnection { try checked(for: .maintenance) }

    /// A connection for reading; the tables exist and have this program's version.
    ///
    /// - Parameter activity: shows other threads the connection's state.
    public func reader(activity: StoreActivity = StoreActivity()) throws(StoreError) -> any SQLConnection {
        try checked(for: .reading, activity: activity)
    }

    /// A store to write to. It connects at the first call.
    ///
    /// - Parameter activity: shows other threads the state of its connection.
    public func makeStore(activity: StoreActivity = StoreActivity()) -> any UsageStore {
        func store(_ dialect: some SQLDialect) -> any UsageStore {
            SQLStore(link(dialect, for: .usage, staged: Staged.all, migrates: true, activity: activity))
        }
        return store(database.dialect)
    }

    /// A connection that is made when it is first needed, and again after it broke.
    ///
    /// - Parameters:
    ///   - dialect: that of `database`.
    ///   - staged: the temporary tables that are used on it.
    ///   - migrates: whether it makes the tables; otherwise they must be there.
    func link<Dialect: SQLDialect>(
        _ dialect: Dialect, for use: ConnectionUse, staged: [StagedTable] = [], migrates: Bool = false,
        activity: StoreActivity = StoreActivity()
    ) -> ReconnectingConnection<Dialect.Connection> {
        ReconnectingConnection(staged: staged, migrates: migrates) {
            [address] () throws(StoreError) -> Dialect.Connection in
            try dialect.connect(to: address, for: use, activity: activity)
        }
    }

    private func checked(
        for use: ConnectionUse, activity: StoreActivity = StoreActivity()
    ) throws(StoreError) -> any SQLConnection {
        let connection = try connect(for: use, activity: activity)
        try Migrator().check(connection)
        return connection
    }
}
