/// A connection that is made when it is first needed, and again after it broke.
final class StoreLink<Connection: SQLConnection> {
    private let connect: () throws(StoreError) -> Connection
    private let staged: [StagedTable]
    private var connection: Connection?

    /// - Parameter staged: the temporary tables that are used on it.
    init(staged: [StagedTable], connect: @escaping () throws(StoreError) -> Connection) {
        self.staged = staged
        self.connect = connect
    }

    func attempt<Result>(
        _ body: (Connection) throws(StoreError) -> Result
    ) throws(StoreError) -> Result {
        let connection = try connected()
        do {
            return try body(connection)
        } catch {
            if case .unavailable = error { self.connection = nil }
            throw error
        }
    }

    private func connected() throws(StoreError) -> Connection {
        if let connection { return connection }
        let fresh = try connect()
        // whoever writes usage makes the tables
        try Migrator.check(fresh)
        if !staged.isEmpty { try fresh.prepare(staged: staged) }
        connection = fresh
        return fresh
    }
}
