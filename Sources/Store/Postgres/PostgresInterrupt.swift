import CPQ
import Glibc
import Synchronization

/// Ends a statement of PostgreSQL's from another thread (PostgreSQL manual, section 34.7).
///
/// A server that is stopped takes the request and never answers; then only the connection's end frees who waits for it.
final class PostgresInterrupt: StatementInterrupt, @unchecked Sendable {
    // libpq's copy of what a request needs: it changes no more, and outlives the connection
    private let request: OpaquePointer?
    /// -1 once the connection is closed, for the number may be somebody else's then.
    private let socket: Mutex<Int32>

    init(_ handle: OpaquePointer) {
        request = PQgetCancel(handle)
        socket = Mutex(PQsocket(handle))
    }

    deinit { PQfreeCancel(request) }

    func cancel() {
        var why = [CChar](repeating: 0, count: 256)
        _ = PQcancel(request, &why, Int32(why.count))
    }

    func sever() {
        socket.withLock { if $0 >= 0 { shutdown($0, Int32(SHUT_RDWR)) } }
    }

    /// To be called before the connection is closed.
    func forget() { socket.withLock { $0 = -1 } }
}
