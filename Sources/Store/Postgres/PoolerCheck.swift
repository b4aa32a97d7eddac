import CPQ
import Glibc

/// Finds out whether a pooler gives one server connection to several clients in turn, as pgbouncer does with
/// `pool_mode = transaction` or `statement`.
///
/// There what a session has (temporary tables, settings, advisory locks) is left with some other client after each transaction. A
/// pooler shows itself by another process id in its greeting than the server has. Then a second connection is made: where a
/// session is a client's own, the two have different servers.
struct PoolerCheck {
    /// The connection that is to be used.
    let handle: OpaquePointer
    /// Makes another one like it.
    let connect: () -> OpaquePointer?

    private static let question = "SELECT pg_backend_pid()"
    private static let attempts = 5
    /// A pooler that has no server left for the second connection has given the first one to its client for good, milliseconds.
    private static let patience: Int32 = 2_000

    /// - Throws: `StoreError.badLocation` if it is so.
    func run() throws(StoreError) {
        guard let own = pid(PQexec(handle, PoolerCheck.question)), own != PQbackendPID(handle) else { return }
        guard let other = connect() else { return }
        defer { PQfinish(other) }
        guard PQstatus(other) == CONNECTION_OK else { return }
        for _ in 0..<PoolerCheck.attempts {
            guard let mine = pid(PQexec(handle, PoolerCheck.question)), let its = ask(other) else { return }
            if mine == its {
                throw .badLocation(
                    """
                    a connection pooler gives one server connection to several clients in turn (pgbouncer's pool_mode = \
                    transaction or statement); Customs needs sessions of its own: use pool_mode = session for its user, or \
                    connect to PostgreSQL itself
                    """)
            }
        }
    }

    /// - Returns: nil if there is no answer in time.
    private func ask(_ connection: OpaquePointer) -> Int32? {
        guard PQsendQuery(connection, PoolerCheck.question) == 1 else { return nil }
        while PQisBusy(connection) == 1 {
            var ready = pollfd(fd: PQsocket(connection), events: Int16(POLLIN), revents: 0)
            guard poll(&ready, 1, PoolerCheck.patience) == 1, PQconsumeInput(connection) == 1 else { return nil }
        }
        let answer = pid(PQgetResult(connection))
        while let rest = PQgetResult(connection) { PQclear(rest) }
        return answer
    }

    private func pid(_ result: OpaquePointer?) -> Int32? {
        defer { PQclear(result) }
        guard PQresultStatus(result) == PGRES_TUPLES_OK, let text = PQgetvalue(result, 0, 0) else { return nil }
        return Int32(String(cString: text))
    }
}
