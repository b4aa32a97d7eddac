import Journal
import Logging
import Threads

/// Syncs the journal repeatedly, so that appends survive a power failure.
///
/// One thread runs it, because it waits for the disk, and the receiving threads must not wait.
public struct JournalSync {
    private let journal: Journal
    /// Between two syncs, milliseconds.
    private let interval: Tunable<Int>
    private let stop: StopSignal
    private let logger: Logger

    /// After a failure, milliseconds.
    private static let pause = 1_000

    public init(_ journal: Journal, interval: Tunable<Int>, stop: StopSignal, logger: Logger) {
        self.journal = journal
        self.interval = interval
        self.stop = stop
        self.logger = logger
    }

    /// Runs until the stop signal, and syncs once more then.
    public func run() {
        while !stop.isRequested {
            stop.wait(milliseconds: interval.current)
            do throws(JournalError) { try journal.sync() } catch {
                logger.error("could not sync the journal; retrying", metadata: ["why": "\(error)"])
                stop.wait(milliseconds: JournalSync.pause)
            }
        }
    }
}
