/// The way in which the processes of a canary batch are started. The raw value is the word of the configuration and of
/// the store.
public enum CanaryMode: String, CaseIterable, Sendable {
    case off
    /// On this machine.
    case local
    /// By a batch job.
    case sbatch, slurmrestd
}
