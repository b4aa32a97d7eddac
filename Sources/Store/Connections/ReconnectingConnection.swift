/// A connection that is made when it is first needed, and again after it broke.
final class ReconnectingConnection<Connection: SQLConnection> {
    private let connect: () throws(StoreError) -> Connection
    private let staged: [StagedTable]
    private let migrates: Bool
    private var connection: Connection?
    /// The number of connections so far: values learnt by an earlier one need not hold for the next.
    private(set) var connections = 0

    /// - Parameters:
    ///   - staged: the temporary tables that are used on it.
    ///   - migrates: whether it creates the tables; otherwise they must exist.
    init(staged: [StagedTable], migrates: Bool = false, connect: @escaping () throws(StoreError) -> Connection) {
        self.staged = staged
        self.migrates = migrates
        self.connect = connect
    }

    func attempt<Result>(
        _ body: (Connection) throws(StoreError) -> Result
    ) throws(StoreError) -> Result {
        let connection = try connected()
        do {
            return try body(connection)
        } catch {
            if error.needsNewConnection { self.connection = nil }
            throw error
        }
    }

    private func connected() throws(StoreError) -> Connection {
        if let connection { return connection }
        let fresh = try connect()
        if migrates { try Migrator().migrate(fresh) } else { try Migrator().check(fresh) }
        if !staged.isEmpty { try fresh.prepare(staged: staged) }
        connection = fresh
        connections += 1
        return fresh
    }
}
