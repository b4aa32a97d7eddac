import Settings
import Slurm

extension SlurmSettings {
    /// Nil where nothing is asked.
    package var jobSource: (any JobSource)? {
        switch source {
        case "commands": commands
        case "slurmrestd": rest
        default: nil
        }
    }

    /// Nil where nobody has said where it is.
    package var rest: SlurmRest? {
        url.map {
            SlurmRest(
                SlurmRest.Place(url: $0, version: version, user: user, tokenFile: tokenFile),
                secondsAtMost: timeoutSeconds)
        }
    }

    package var commands: SlurmCommands {
        SlurmCommands(squeue: squeue, sacct: sacct, secondsAtMost: timeoutSeconds)
    }
}
