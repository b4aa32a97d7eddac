import Synchronization

/// A gate that opens once and stays open; threads wait for it.
public final class Latch: Sendable {
    private let opened = Atomic<Bool>(false)
    private let signal = WakeSignal()

    public init() {}

    public var isOpen: Bool { opened.load(ordering: .acquiring) }

    public func open() {
        opened.store(true, ordering: .releasing)
        signal.notify()
    }

    /// Sleeps until it opens, or until the time is over.
    ///
    /// - Returns: whether it is open.
    @discardableResult
    public func wait(milliseconds: Int) -> Bool {
        let ticket = signal.ticket
        if !isOpen { signal.wait(since: ticket, milliseconds: milliseconds) }
        return isOpen
    }
}
