import Glibc
import Synchronization

/// What a store's connection is at, for other threads than the one that uses it: how long its statement has been running, and how
/// to end it.
///
/// A store that is gone says so; one that hangs (a lock, a standby that is awaited, a stopped process) says nothing, and the
/// thread that asked it can tell nobody.
public final class StoreActivity: Sendable {
    /// When the statement at hand began, milliseconds of a clock that nobody sets; 0 where there is none.
    private let began = Atomic<Int>(0)
    private let cancelled = Atomic<Bool>(false)
    private let connection = Mutex<(any StatementInterrupt)?>(nil)

    public init() {}

    /// For how long the statement at hand has not been answered, milliseconds; 0 where there is none.
    public var silence: Int {
        let began = began.load(ordering: .relaxed)
        return began == 0 ? 0 : max(0, steadyMilliseconds() - began)
    }

    /// Whether `cancel` was called.
    public var isCancelled: Bool { cancelled.load(ordering: .acquiring) }

    /// Ends the statement at hand, and lets no other begin. It may wait for a server that hangs: for a thread that nobody
    /// waits for.
    public func cancel() {
        cancelled.store(true, ordering: .releasing)
        connection.withLock { $0 }?.cancel()
    }

    /// Breaks the connection, where `cancel` was not heard.
    public func sever() { connection.withLock { $0 }?.sever() }

    /// Runs what asks the server.
    ///
    /// - Throws: `StoreError.unavailable` after `cancel`, and what `body` throws.
    package func watching<Result>(_ body: () throws(StoreError) -> Result) throws(StoreError) -> Result {
        if isCancelled { throw .unavailable("its statements have been cancelled") }
        began.store(steadyMilliseconds(), ordering: .relaxed)
        defer { began.store(0, ordering: .relaxed) }
        return try body()
    }

    /// From now on this connection is meant; nil for none.
    package func attach(_ interrupt: (any StatementInterrupt)?) { connection.withLock { $0 = interrupt } }
}

/// Ends what a connection is at, from another thread than the one that uses it. Harmless once the connection is closed.
package protocol StatementInterrupt: AnyObject, Sendable {
    func cancel()
    func sever()
}

private func steadyMilliseconds() -> Int {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return Int(now.tv_sec) * 1_000 + Int(now.tv_nsec) / 1_000_000 + 1
}
