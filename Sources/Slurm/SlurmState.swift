import Jobs

/// Slurm's names of job states (`sacct(1)`, "JOB STATE CODES").
enum SlurmState {
    /// Base states and flags that are final for a start of a job.
    private static let final: Set<String> = [
        "COMPLETED", "FAILED", "TIMEOUT", "CANCELLED", "OUT_OF_MEMORY", "NODE_FAIL", "BOOT_FAIL", "DEADLINE",
        "PREEMPTED", "REVOKED", "REQUEUED", "SPECIAL_EXIT", "LAUNCH_FAILED",
    ]
    /// States in which a job holds its nodes; in other states it waits.
    static let holding: Set<String> = [
        "RUNNING", "SUSPENDED", "COMPLETING", "CONFIGURING", "STAGE_OUT", "STOPPED", "SIGNALING", "RESIZING",
    ]

    static func isFinal(_ state: String) -> Bool { final.contains(state) }

    /// The state's name alone: sacct writes `CANCELLED by 2001`, and `+` after a name that it cuts.
    static func word(_ text: some StringProtocol) -> String {
        String(text.prefix { $0 != " " && $0 != "+" })
    }

    /// The state in a list: from version 0.0.39 on the interface lists the base state and the flags.
    static func word(among words: [String]) -> String {
        // a flag such as COMPLETING means that the base state is not final
        if let flag = words.dropFirst().first(where: { $0 == "COMPLETING" || $0 == "REQUEUED" || $0 == "RESIZING" }) {
            return flag
        }
        return word(words.first ?? "")
    }
}
