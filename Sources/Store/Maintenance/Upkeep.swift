/// Keeps a store quick to ask. One thread uses it, which may block.
public protocol StoreUpkeep: AnyObject {
    /// Makes room for months to come.
    func makeAhead() throws(StoreError)

    /// Days that are to be packed, counted from 1970-01-01 UTC, the newest first.
    func daysToPack() throws(StoreError) -> [Int]

    /// Packs one of them; false if it changes just now.
    func pack(day: Int) throws(StoreError) -> Bool
}

extension StoreLocation {
    /// Upkeep by a connection of its own. Nothing is connected until the first call.
    public func makeUpkeep() -> any StoreUpkeep {
        func upkeep(_ dialect: some SQLDialect) -> any StoreUpkeep { SQLUpkeep(link(dialect, for: .packing)) }
        return upkeep(database.dialect)
    }
}

final class SQLUpkeep<Connection: SQLConnection>: StoreUpkeep {
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
