import Canary
import Jobs

/// The batch system that the stages beside the flow speak to.
public struct BatchSystem: Sendable {
    /// Makes a source for the thread that calls it.
    public let makeSource: @Sendable () -> any JobSource
    /// Submits a batch of canaries as a job, and returns the job's number.
    public let submit: @Sendable (CanaryBatch) -> Result<String, CanaryRefusal>

    public init(
        makeSource: @escaping @Sendable () -> any JobSource,
        submit: @escaping @Sendable (CanaryBatch) -> Result<String, CanaryRefusal>
    ) {
        self.makeSource = makeSource
        self.submit = submit
    }
}
