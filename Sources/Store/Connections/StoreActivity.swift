import Synchronization
import SystemClock

/// The state of a store's connection for other threads than the one that uses it: the age of its present statement, and
/// a way to end it.
///
/// A store that is down reports an error. A store that hangs (a lock, a standby, a stopped process) reports nothing,
/// and the thread that waits for it can report nothing either.
public final class StoreActivity: Sendable {
    /// The beginning of the present statement, milliseconds of the monotonic clock; 0 if there is none.
    private let began = Atomic<Int>(0)
    private let cancelled = Atomic<Bool>(false)
    private let connection = Mutex<(any StatementInterrupt)?>(nil)

    public init() {}

    /// The time for which the present statement has not been answered, milliseconds; 0 without one.
    public var silence: Int {
        let began = began.load(ordering: .relaxed)
        return began == 0 ? 0 : max(0, steadyMilliseconds() - began)
    }

    /// Whether `cancel` was called.
    public var isCancelled: Bool { cancelled.load(ordering: .acquiring) }

    /// Ends the statement at hand, and lets no other begin. It may wait for a server that hangs, so no thread may
    /// wait for the caller.
    public func cancel() {
        cancelled.store(true, ordering: .releasing)
        connection.withLock { $0 }?.cancel()
    }

    /// Breaks the connection, if `cancel` had no effect.
    public func sever() { connection.withLock { $0 }?.sever() }

    /// Runs a request to the server.
    ///
    /// - Throws: `StoreError.unavailable` after `cancel`, and errors of `body`.
    package func watching<Result>(_ body: () throws(StoreError) -> Result) throws(StoreError) -> Result {
        if isCancelled { throw .unavailable("its statements were cancelled") }
        // 0 means "no statement", also in the first millisecond of a machine
        began.store(max(1, steadyMilliseconds()), ordering: .relaxed)
        defer { began.store(0, ordering: .relaxed) }
        return try body()
    }

    /// Sets the connection that `cancel` and `sever` act on; nil for none.
    package func attach(_ interrupt: (any StatementInterrupt)?) { connection.withLock { $0 = interrupt } }
}

/// Ends a connection's present statement from another thread than the one that uses it. It has no effect on a closed
/// connection.
package protocol StatementInterrupt: AnyObject, Sendable {
    func cancel()
    func sever()
}
