import ServiceLifecycle
import Synchronization
import Threads

/// Runs services from a command, which is no task.
final class ServiceRun: Sendable {
    private let error = Mutex<(any Error)?>(nil)
    private let ended = Latch()

    /// Runs the services, and waits until they end.
    ///
    /// - Returns: why they ended, if they were not told to.
    static func untilEnd(of group: ServiceGroup) -> (any Error)? {
        let run = ServiceRun()
        Task {
            do { try await group.run() } catch { run.error.withLock { $0 = error } }
            run.ended.open()
        }
        while !run.ended.wait(milliseconds: 60_000) {}
        return run.error.withLock { $0 }
    }
}
