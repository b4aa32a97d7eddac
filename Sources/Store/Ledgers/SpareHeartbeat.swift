/// Tells the store how much a daemon has received while the connection that writes waits for an answer: by a
/// connection of its own, into a table that no batch touches, without waiting for a standby. One thread uses it,
/// which may block.
public protocol SpareHeartbeat: AnyObject {
    /// - Parameter source: the journal's identity.
    func beat(source: String, _ heartbeat: Heartbeat) throws(StoreError)
}

extension StoreLocation {
    /// Nil where a connection that hangs holds up all others that write. Nothing is connected until the first call.
    public func makeSpareHeartbeat() -> (any SpareHeartbeat)? {
        func heartbeat(_ dialect: some SQLDialect) -> any SpareHeartbeat {
            SQLSpareHeartbeat(link(dialect, for: .heartbeat))
        }
        return database.dialect.hasIndependentWriters ? heartbeat(database.dialect) : nil
    }
}

final class SQLSpareHeartbeat<Connection: SQLConnection>: SpareHeartbeat {
    private let link: ReconnectingConnection<Connection>

    init(_ link: ReconnectingConnection<Connection>) { self.link = link }

    func beat(source: String, _ heartbeat: Heartbeat) throws(StoreError) {
        let oldest = heartbeat.oldestPending.map { String($0) } ?? "NULL"
        _ = try link.attempt { (connection: Connection) throws(StoreError) in
            try connection.transaction(waitsForDisk: false) { () throws(StoreError) in
                try connection.query(
                    """
                    INSERT INTO heartbeats (source, told, received, oldest_pending)
                    SELECT id, \(heartbeat.now), \(heartbeat.received), \(oldest) FROM sources WHERE identity = ?
                    ON CONFLICT (source) DO UPDATE SET told = excluded.told, received = excluded.received,
                        oldest_pending = excluded.oldest_pending
                    """, [.text(source)])
            }
        }
    }
}
