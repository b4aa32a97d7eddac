/// Tells threads that the daemon is to end. Once requested it stays so.
public final class StopSignal: Sendable {
    private let latch = Latch()

    public init() {}

    public var isRequested: Bool { latch.isOpen }

    public func request() { latch.open() }

    /// Sleeps until the request, or until the time is over. Returns at once after the request.
    public func wait(milliseconds: Int) { latch.wait(milliseconds: milliseconds) }
}
