import CPQ
import Glibc

/// Finds out whether a pooler gives one server connection to several clients in turn, as pgbouncer does with `pool_mode
/// = transaction` or `statement`.
///
/// With such a pooler, a session's state (temporary tables, settings, advisory locks) goes to another client after each
/// transaction. A pooler's greeting has another process id than the server. In that case a second connection is made:
/// if a session is a client's own, the two have different servers.
struct PoolerCheck {
    /// The connection to check.
    let handle: OpaquePointer
    /// Makes another connection like it.
    let connect: () -> OpaquePointer?

    private static let question = "SELECT pg_backend_pid()"
    private static let attempts = 5
    /// The time without an answer after which the pooler passes, milliseconds: it has no server left for the second
    /// connection, so the first client keeps its own.
    private static let timeout: Int32 = 2_000

    /// - Throws: `StoreError.badLocation` if sessions are shared.
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
                    a connection pooler gives one server connection to several clients in turn (pgbouncer's \
                    pool_mode = transaction or statement); Customs needs sessions of its own: use pool_mode = session \
                    for its user, or connect to PostgreSQL itself
                    """)
            }
        }
    }

    /// - Returns: nil without an answer in time.
    private func ask(_ connection: OpaquePointer) -> Int32? {
        guard PQsendQuery(connection, PoolerCheck.question) == 1 else { return nil }
        while PQisBusy(connection) == 1 {
            var ready = pollfd(fd: PQsocket(connection), events: Int16(POLLIN), revents: 0)
            guard poll(&ready, 1, PoolerCheck.timeout) == 1, PQconsumeInput(connection) == 1 else { return nil }
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
