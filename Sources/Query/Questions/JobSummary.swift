import Record

/// What all runs of a job say together.
extension JobReport {
    /// The processes by how they ended.
    public var ends: EndCounts { runs.reduce(EndCounts()) { $0 + $1.ends } }

    /// The number of steps with runs. Processes outside of steps, such as those of the batch script, are of one more.
    public var stepCount: Int { Set(runs.map { $0.step }).count }

    /// First and last sign of any process, microseconds since 1970 UTC; nil without runs.
    public var seen: (first: Int64, last: Int64)? {
        guard let first = runs.map({ $0.firstSeen }).min(), let last = runs.map({ $0.lastSeen }).max() else {
            return nil
        }
        return (first, last)
    }

    public var packages: UsedPackages {
        var packages = UsedPackages()
        // runs share few stacks
        for run in runs {
            for package in run.packages {
                packages.add(package.name, version: package.version, isDirect: package.direct)
            }
        }
        return packages
    }

    /// Paths of environments with their versions of Python, those of most processes first.
    public var environments: [String] {
        mostUsed { run in
            [run.prefix, run.python.isEmpty ? "" : "Python \(run.python)"].filter { !$0.isEmpty }
                .joined(separator: " with ")
        }
    }

    /// The programs, those of most processes first.
    public var programs: [String] { mostUsed { $0.main } }

    /// Known texts of the runs, those of most processes first.
    private func mostUsed(_ text: (Run) -> String) -> [String] {
        var processes: [ExactText: Int64] = [:]
        for run in runs where !text(run).isEmpty { processes[ExactText(text(run)), default: 0] += run.processes }
        return processes.sorted { $0.value == $1.value ? $0.key < $1.key : $0.value > $1.value }.map { $0.key.string }
    }
}
