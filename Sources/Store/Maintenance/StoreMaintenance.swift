/// Keeps a store fast to query. One thread uses it, which may block.
public protocol StoreMaintenance: AnyObject {
    /// Creates the tables of the coming months.
    func makeAhead() throws(StoreError)

    /// The days to pack, counted from 1970-01-01 UTC, the newest first.
    func daysToPack() throws(StoreError) -> [Int]

    /// Packs one of them; false if the day is being changed.
    func pack(day: Int) throws(StoreError) -> Bool
}

extension StoreLocation {
    /// Maintenance by a connection of its own. Nothing is connected until the first call.
    public func makeMaintenance() -> any StoreMaintenance {
        func maintenance(_ dialect: some SQLDialect) -> any StoreMaintenance {
            SQLMaintenance(link(dialect, for: .packing))
        }
        return maintenance(database.dialect)
    }
}

final class SQLMaintenance<Connection: SQLConnection>: StoreMaintenance {
    private let link: ReconnectingConnection<Connection>

    init(_ link: ReconnectingConnection<Connection>) { self.link = link }

    func makeAhead() throws(StoreError) {
        try link.attempt { (connection: Connection) throws(StoreError) in
            try connection.dialect.makeMonthsAhead(on: connection)
        }
    }

    func daysToPack() throws(StoreError) -> [Int] {
        try link.attempt { (connection: Connection) throws(StoreError) in try Packing.due(connection) }
    }

    func pack(day: Int) throws(StoreError) -> Bool {
        try link.attempt { (connection: Connection) throws(StoreError) in try Packing.pack(connection, day: day) }
    }
}
