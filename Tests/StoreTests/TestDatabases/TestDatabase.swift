import Store

/// An empty database of either kind, for one test.
public struct TestDatabase: Sendable {
    public let engine: Database
    public let url: String
    public let location: StoreLocation

    public init(_ engine: Database) throws {
        self.engine = engine
        let name = ScratchFolder.newName("test")
        switch engine {
        case .sqlite: url = "sqlite://\(ScratchFolder.path)/\(name).sqlite"
        case .postgres:
            try PostgresServer.createDatabase(name)
            url = try PostgresServer.location(of: name)
        }
        location = try StoreLocation(url)
    }

    /// A connection that may do anything.
    public func connect() throws(StoreError) -> any SQLConnection { try location.connect(for: .ledger) }

    /// Rows as the store's tables hold them.
    public func rows(_ sql: String, _ parameters: [SQLValue] = []) throws(StoreError) -> [[SQLValue]] {
        try connect().query(sql, parameters)
    }

    public func integer(_ sql: String, _ parameters: [SQLValue] = []) throws(StoreError) -> Int64? {
        try rows(sql, parameters).first?.first?.integer
    }
}
