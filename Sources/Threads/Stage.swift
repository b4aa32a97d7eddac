import Glibc
import Synchronization

/// A part of the flow that runs on a thread of its own, from its making until its body returns.
public final class Stage: Sendable {
    private let ended: Latch
    /// Nil once it is joined.
    private let thread: Mutex<pthread_t?>

    /// - Parameter name: what `ps -L` shows, at most 15 bytes (`proc(5)`).
    public init(_ name: String, _ body: @escaping @Sendable () -> Void) {
        let ended = Latch()
        self.ended = ended
        thread = Mutex(
            makeThread(name) {
                body()
                ended.open()
            })
    }

    deinit { thread.withLock { if let thread = $0 { pthread_detach(thread) } } }

    /// Waits until the body has returned. One thread joins a stage.
    public func join() {
        let running = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        if let running { pthread_join(running, nil) }
    }

    /// Waits until the body has returned, or until the time is over.
    ///
    /// - Returns: whether the stage has ended.
    public func join(milliseconds: Int) -> Bool {
        guard ended.wait(milliseconds: milliseconds) else { return false }
        join()
        return true
    }
}
