import Synchronization

/// Tells threads that the daemon is to end. Once requested it stays so.
public final class StopSignal: Sendable {
    private let requested = Atomic<Bool>(false)
    private let signal = WakeSignal()

    public init() {}

    public var isRequested: Bool { requested.load(ordering: .acquiring) }

    public func request() {
        requested.store(true, ordering: .releasing)
        signal.notify()
    }

    /// Sleeps until the request, or until the time is over. Returns at once after the request.
    public func wait(milliseconds: Int) {
        let ticket = signal.ticket
        if !isRequested { signal.wait(since: ticket, milliseconds: milliseconds) }
    }
}
