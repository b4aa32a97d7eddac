import JSON
import Query
import Record

/// What is known of a job, in some ten lines for people.
struct JobFactText {
    private let report: JobReport
    private(set) var facts: FactList

    /// - Parameter others: further jobs with the same number.
    init(_ report: JobReport, besides others: [JobReport], for terminal: Terminal) {
        self.report = report
        facts = FactList(for: terminal)
        facts.add("job", [job])
        facts.add("who", who)
        facts.add("when", when)
        facts.add("ended", [ended])
        let size = size
        if !size.isEmpty { facts.add("size", size) }
        if let nodes = report.nodeList { facts.add("nodes", [nodes]) }
        facts.add("processes", [processes])
        if !report.programs.isEmpty { facts.add("programs", report.programs, mostLines: 2) }
        if !report.environments.isEmpty { facts.add("environments", report.environments, mostLines: 2) }
        let packages = report.packages.texts
        if !packages.isEmpty { facts.add("packages", packages, mostLines: 3) }
        if !others.isEmpty { facts.add("same number", others.map { JobFactText.days($0) }, mostLines: 2) }
    }

    private var job: String {
        var text = report.jobID + (report.cluster.isEmpty ? "" : " on \(report.cluster)")
        if let name = report.name { text += ": \(name)" }
        var details: [String] = []
        if let array = report.arrayJobID {
            details.append("array \(array)" + (report.arrayTaskID.map { ", task \($0)" } ?? ""))
        }
        if report.restart > 0 { details.append("restart \(report.restart)") }
        return text + (details.isEmpty ? "" : " (\(details.joined(separator: "; ")))")
    }

    private var who: [String] {
        [
            report.username ?? "not known", report.account.map { "account \($0)" },
            report.partition.map { "partition \($0)" }, report.qos.map { "QOS \($0)" },
        ].compactMap { $0 }
    }

    private var when: [String] {
        var times: [String] = []
        if let start = report.start {
            let end = report.end.map { Calendar.second(microseconds: $0) } ?? "not over, by what Slurm said last"
            times.append("\(Calendar.second(microseconds: start)) to \(end)")
        } else if let seen = report.seen {
            let (first, last) = (Calendar.second(microseconds: seen.first), Calendar.second(microseconds: seen.last))
            times.append("processes ended from \(first) to \(last)")
        }
        let limit = report.timeLimitSeconds.map { " of at most \(JobFactText.duration($0))" } ?? ""
        if let elapsed = report.elapsedSeconds { times.append(JobFactText.duration(elapsed) + limit) }
        return times
    }

    private var ended: String {
        if report.source == .environment { return "not known: Slurm has told nothing of it, its processes did" }
        guard let state = report.state else { return "not known, by Slurm" }
        return state + (report.exitCode.map { ", exit code \($0)" } ?? "") + ", by Slurm"
    }

    private var size: [String] {
        let resources = report.resources
        let counts: [(Int64?, one: String, many: String)] = [
            (report.numNodes, "node", "nodes"), (report.numTasks, "task", "tasks"),
            (resources.allocatedCPUs, "CPU", "CPUs"), (resources.gpus, "GPU", "GPUs"),
        ]
        var texts = counts.compactMap { count, one, many in
            count.map { "\(JSON.integer($0).cell) \($0 == 1 ? one : many)" }
        }
        if let cpu = resources.cpuSeconds { texts.append("\(JobFactText.duration(cpu)) of CPU time") }
        let asked = resources.requestedMemory.map { " of \(JobFactText.memory($0))" } ?? ""
        if let used = resources.largestResidentSet {
            texts.append("memory \(JobFactText.memory(used))\(asked)")
        } else if !asked.isEmpty {
            texts.append("memory\(asked) asked for")
        }
        return texts
    }

    private var processes: String {
        let ends = report.ends
        if ends.processes == 0 { return "none with a record" }
        let steps = report.stepCount == 1 ? "1 step" : "\(JSON.integer(Int64(report.stepCount)).cell) steps"
        let counts = ends.all.map { "\(JSON.integer($0.processes).cell) \($0.end.name)" }
        return "\(JSON.integer(ends.processes).cell) in \(steps): \(counts.joined(separator: ", "))"
    }

    private static func days(_ report: JobReport) -> String {
        let days = [report.firstDay, report.lastDay].map { $0.map { Calendar.text(day: $0) } ?? "not known" }
        return days[0] == days[1] ? days[0] : "\(days[0]) to \(days[1])"
    }

    /// `1:06:49`
    private static func duration(_ seconds: Int64) -> String {
        func two(_ value: Int64) -> String { (value < 10 ? "0" : "") + String(value) }
        return "\(JSON.integer(seconds / 3_600).cell):\(two(seconds / 60 % 60)):\(two(seconds % 60))"
    }

    private static func memory(_ bytes: Int64) -> String {
        var value = Double(bytes)
        for unit in ["bytes", "KiB", "MiB", "GiB"] {
            if value < 1_024 { return "\(JSON.real((value * 10).rounded() / 10).cell) \(unit)" }
            value /= 1_024
        }
        return "\(JSON.real((value * 10).rounded() / 10).cell) TiB"
    }
}
