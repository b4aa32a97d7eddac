import Store

/// A database of either kind, for one test.
public struct TestDatabase: Sendable {
    public let engine: Database
    public let url: String
    public let location: StoreLocation

    /// PostgreSQL's, with tables, to be copied: to make them takes more than to copy them.
    private static let template = Result {
        let template = try TestDatabase(empty: .postgres)
        try template.location.makeStore().migrate()
        return template
    }

    /// A database without records. It has the tables of a store, or the first writer makes them; stores with tables of
    /// the same making have the same keys.
    public init(_ engine: Database) throws {
        switch engine {
        case .sqlite: try self.init(empty: .sqlite)
        case .postgres: try self.init(.postgres, copying: TestDatabase.template.get().name)
        }
    }

    /// A database without tables, for tests of their making and of the keys made with them.
    public init(empty engine: Database) throws { try self.init(engine, copying: nil) }

    private let name: String

    private init(_ engine: Database, copying template: String?) throws {
        self.engine = engine
        name = ScratchFolder.newName("test")
        switch engine {
        case .sqlite: url = "sqlite://\(ScratchFolder.path)/\(name).sqlite"
        case .postgres:
            try PostgresServer.createDatabase(name, copying: template)
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
