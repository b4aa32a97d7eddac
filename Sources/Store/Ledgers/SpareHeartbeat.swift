/// Tells the store how much a daemon has received while the connection that writes waits for an answer: by a connection of its own,
/// into a table that no batch touches, without waiting for a standby. One thread uses it, which may block.
public protocol SpareHeartbeat: AnyObject {
    /// - Parameter source: the journal's identity.
    func beat(source: String, _ heartbeat: Heartbeat) throws(StoreError)
}

extension StoreLocation {
    /// Nil for SQLite, where whatever holds up one connection that writes holds up all. Nothing is connected until the first call.
    public func makeSpareHeartbeat() -> (any SpareHeartbeat)? {
        guard case .postgres(let text) = self else { return nil }
        return SQLSpareHeartbeat { () throws(StoreError) -> PostgresConnection in
            let connection = try PostgresConnection(connection: text)
            try connection.run(script: "SET statement_timeout TO '2s'")
            return connection
        }
    }
}

final class SQLSpareHeartbeat<Connection: SQLConnection>: SpareHeartbeat {
    private let link: StoreLink<Connection>

    init(connect: @escaping () throws(StoreError) -> Connection) {
        link = StoreLink(staged: [], connect: connect)
    }

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
