import Logging
import Store
import SystemClock
import Threads

/// Ends a statement that keeps the daemon from ending: first by a request to the server, then by breaking the
/// connection. If neither helps, the daemon ends without it, because the journal has all its data.
public struct StatementEnd {
    private enum Step {
        case waits, isAsked, isBroken
    }

    private let activity: StoreActivity
    private let logger: Logger
    private var step = Step.waits
    private var since = 0

    private let statementAgeAtMost: Int
    private let wait: Int

    /// - Parameters:
    ///   - statementAgeAtMost: how old a statement may become once the daemon is to end, milliseconds.
    ///   - wait: how long each way to end it may take, milliseconds.
    public init(_ activity: StoreActivity, logger: Logger, statementAgeAtMost: Int = 4_000, wait: Int = 1_500) {
        self.activity = activity
        self.logger = logger
        self.statementAgeAtMost = statementAgeAtMost
        self.wait = wait
    }

    /// Looks at the statement and takes the next step when it is due; to be called some times a second.
    ///
    /// - Returns: false once no step has helped.
    public mutating func goesOn() -> Bool {
        let now = steadyMilliseconds()
        switch step {
        case .waits where activity.silence > statementAgeAtMost:
            logger.warning(
                "the store does not answer; its statement is cancelled, and the journal keeps the messages")
            // a server that hangs may not answer this either
            startThread("cancel") { [activity] in activity.cancel() }
            step = .isAsked
            since = now
        case .isAsked where now - since > wait:
            activity.sever()
            step = .isBroken
            since = now
        case .isBroken where now - since > wait: return false
        default: break
        }
        return true
    }
}
