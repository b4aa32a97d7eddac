import CPQ
import Glibc
import Synchronization

/// Ends a statement of PostgreSQL from another thread (PostgreSQL manual, section 34.7).
///
/// A stopped server takes the request and never answers. Then only the connection's end frees the thread that waits.
final class PostgresInterrupt: StatementInterrupt, @unchecked Sendable {
    // libpq's copy of the request's data: it never changes, and outlives the connection
    private let request: OpaquePointer?
    /// -1 once the connection is closed, because the number may then belong to another file.
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
