import Background
import Canary
import Jobs
import Record
import Settings
import Slurm

extension BatchSystem {
    /// Slurm, asked in the way that the configuration names. Canaries may be jobs while other jobs are not asked for:
    /// the commands tell what becomes of them then.
    static func slurm(_ settings: Settings) -> BatchSystem {
        let slurm = settings.slurm
        let canary = settings.canary
        return BatchSystem(
            makeSource: {
                if slurm.source == .slurmrestd, let rest = SlurmRest(slurm) { return rest }
                return SlurmCommands(squeue: slurm.squeue, sacct: slurm.sacct, timeout: slurm.timeoutSeconds)
            },
            submit: { order in
                guard canary.mode == .slurmrestd, let rest = SlurmRest(slurm) else {
                    return SlurmCanaries.submit(order)
                }
                do throws(JobSourceError) {
                    return .success(try rest.submit(BatchJob(order, account: canary.account)))
                } catch {
                    return .failure(CanaryRefusal(why: error.description))
                }
            })
    }
}

extension SlurmRest {
    /// Nil where the configuration names no URL.
    fileprivate convenience init?(_ settings: SlurmSettings) {
        guard let url = settings.url else { return nil }
        self.init(
            Place(url: url, version: settings.version, user: settings.user, tokenFile: settings.tokenFile),
            timeout: settings.timeoutSeconds)
    }
}

extension BatchJob {
    fileprivate init(_ order: CanaryBatch, account: String?) {
        self.init(name: SlurmCanaries.jobName, script: SlurmCanaries.script(order), minutes: SlurmCanaries.minutes)
        if !order.partition.isEmpty { partition = order.partition }
        if !order.node.isEmpty { node = order.node }
        self.account = account
    }
}
