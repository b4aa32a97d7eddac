import CSQLite
import Glibc
import Synchronization

/// Ends a statement of SQLite from another thread, also one that waits for another program's lock.
final class SQLiteInterrupt: StatementInterrupt, @unchecked Sendable {
    /// Nil once the connection is closed.
    private let handle: Mutex<Handle?>
    private let cancelled = Atomic<Bool>(false)

    /// A connection of SQLite, which other threads only interrupt.
    private struct Handle: @unchecked Sendable {
        let pointer: OpaquePointer
    }

    /// The longest wait for a lock, milliseconds.
    private static let longestWait = 10_000
    /// Milliseconds between attempts to get a lock; the last one repeats.
    private static let waits = [1, 2, 5, 10, 15, 20, 25, 25, 25, 50, 50, 100]

    init(_ handle: OpaquePointer) { self.handle = Mutex(Handle(pointer: handle)) }

    /// Makes the connection wait for locks until it is cancelled: SQLite's own wait cannot be ended.
    ///
    /// The connection must keep this object alive.
    func waitForLocks() {
        handle.withLock { handle in
            guard let handle else { return }
            sqlite3_busy_handler(
                handle.pointer,
                { context, looks in
                    guard let context else { return 0 }
                    let interrupt = Unmanaged<SQLiteInterrupt>.fromOpaque(context).takeUnretainedValue()
                    return interrupt.waits(afterLooks: Int(looks)) ? 1 : 0
                }, Unmanaged.passUnretained(self).toOpaque())
        }
    }

    func cancel() {
        cancelled.store(true, ordering: .releasing)
        handle.withLock { if let handle = $0 { sqlite3_interrupt(handle.pointer) } }
    }

    /// Does nothing, because there is no server.
    func sever() {}

    /// To be called before the connection is closed.
    func forget() { handle.withLock { $0 = nil } }

    /// - Returns: whether to try again.
    private func waits(afterLooks looks: Int) -> Bool {
        let waits = SQLiteInterrupt.waits
        let last = waits[waits.count - 1]
        let waited = waits.prefix(looks).reduce(0, +) + max(0, looks - waits.count) * last
        if waited >= SQLiteInterrupt.longestWait || cancelled.load(ordering: .acquiring) { return false }
        usleep(UInt32(looks < waits.count ? waits[looks] : last) * 1_000)
        return true
    }
}
