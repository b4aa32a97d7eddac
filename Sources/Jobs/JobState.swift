/// The states of jobs that mean something outside a batch system's own folder. A source gives these words; other states
/// keep the batch system's words, in capitals.
public enum JobState {
    public static let completed = "COMPLETED"
    public static let failed = "FAILED"
    public static let outOfMemory = "OUT_OF_MEMORY"
    /// The start has ended, and the job waits for another start.
    public static let requeued = "REQUEUED"
}
