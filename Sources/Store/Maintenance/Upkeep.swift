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
        switch self {
        case .sqlite(let path):
            SQLUpkeep { () throws(StoreError) -> SQLiteConnection in try SQLiteConnection(path: path, creates: false) }
        case .postgres(let connection):
            SQLUpkeep { () throws(StoreError) -> PostgresConnection in
                try PostgresConnection(connection: connection)
            }
        }
    }
}

final class SQLUpkeep<Connection: SQLConnection>: StoreUpkeep {
    private let link: StoreLink<Connection>

    init(connect: @escaping () throws(StoreError) -> Connection) {
        link = StoreLink(staged: [], connect: connect)
    }

    func makeAhead() throws(StoreError) {
        try link.attempt { (connection: Connection) throws(StoreError) in try RunPartitions.makeAhead(connection) }
    }

    func daysToPack() throws(StoreError) -> [Int] {
        try link.attempt { (connection: Connection) throws(StoreError) in try Packing.due(connection) }
    }

    func pack(day: Int) throws(StoreError) -> Bool {
        try link.attempt { (connection: Connection) throws(StoreError) in try Packing.pack(connection, day: day) }
    }
}
