import Store

/// An empty database of either dialect, for one test.
public struct TestDatabase: Sendable {
    public static let dialects = [Dialect.sqlite, .postgres]

    public let dialect: Dialect
    public let url: String
    public let location: StoreLocation

    public init(_ dialect: Dialect) throws {
        self.dialect = dialect
        let name = ScratchFolder.newName("test")
        switch dialect {
        case .sqlite: url = "sqlite://\(ScratchFolder.path)/\(name).sqlite"
        case .postgres:
            try PostgresServer.createDatabase(name)
            url = try PostgresServer.location(of: name)
        }
        location = try StoreLocation(url)
    }

    /// A connection that may do anything.
    public func connect() throws(StoreError) -> any SQLConnection {
        switch location {
        case .sqlite(let path): try SQLiteConnection(path: path)
        case .postgres(let text): try PostgresConnection(connection: text)
        }
    }

    /// Rows as the store's tables hold them.
    public func rows(_ sql: String, _ parameters: [SQLValue] = []) throws(StoreError) -> [[SQLValue]] {
        try connect().query(sql, parameters)
    }

    public func integer(_ sql: String, _ parameters: [SQLValue] = []) throws(StoreError) -> Int64? {
        try rows(sql, parameters).first?.first?.integer
    }
}
