import Jobs

/// `squeue`: the jobs that hold nodes now.
///
/// Only its long form tells how often a job was started. That form writes columns of a requested width, counted in
/// bytes, and cuts longer values. So it is asked only for fields that are short, or that the accounting has not.
package enum Queue {
    package static let columns: [(name: String, width: Int)] = [
        ("JobID", 20), ("ArrayJobID", 20), ("ArrayTaskID", 20), ("HetJobID", 20), ("HetJobOffset", 12),
        ("RestartCnt", 12), ("State", 20), ("UserName", 64), ("UserID", 20), ("Account", 80), ("QOS", 80),
        ("Partition", 80), ("Cluster", 64), ("NumNodes", 12), ("NumTasks", 12), ("SubmitTime", 24),
        ("StartTime", 24), ("TimeLimit", 24), ("Name", nameWidth),
    ]
    private static let nameWidth = 120

    package static var arguments: [String] {
        [
            // not --clusters: for that squeue asks the accounting, which may be down while the controller is up
            "--noheader", "--all", "--local",
            "--states=\(SlurmState.holding.subtracting(rare).sorted().joined(separator: ","))",
            "--Format=\(columns.map { "\($0.name):\($0.width)" }.joined(separator: ","))",
        ]
    }

    /// Flags that older versions do not accept as a state to select by.
    private static let rare: Set<String> = ["SIGNALING", "RESIZING", "STAGE_OUT", "STOPPED"]

    /// One entry for each start of a job; the components of a heterogeneous job are united.
    ///
    /// A name, which comes last, may contain a line break. The rest of such a name is a line that is too short to be a
    /// job's.
    package static func facts(_ output: [UInt8]) throws(JobSourceError) -> [JobFacts] {
        let width = columns.reduce(0) { $0 + $1.width }
        let lines = output.split(separator: UInt8(ascii: "\n"))
        let whole = lines.filter { $0.count >= width - nameWidth }
        if whole.isEmpty, let line = lines.first {
            throw .unreadable(what: "squeue", why: "a line has \(line.count) bytes, not \(width)")
        }
        return united(whole.compactMap { facts(of: $0) })
    }

    /// Unites the components of a heterogeneous job.
    static func united(_ found: [JobFacts]) -> [JobFacts] {
        var components: [JobKey: [JobFacts]] = [:]
        var order: [JobKey] = []
        for facts in found {
            let key = JobKey(jobID: facts.jobID, restart: facts.restart)
            if components[key] == nil { order.append(key) }
            components[key, default: []].append(facts)
        }
        return order.compactMap { key in
            guard let all = components[key], var whole = all.first else { return nil }
            guard all.count > 1 else { return whole }
            whole.numNodes = all.reduce(0) { $0 + ($1.numNodes ?? 0) }
            whole.numTasks = all.reduce(0) { $0 + ($1.numTasks ?? 0) }
            return whole
        }
    }

    private static func facts(of line: ArraySlice<UInt8>) -> JobFacts? {
        var values: [String: String] = [:]
        var start = line.startIndex
        for (name, width) in columns {
            let end = min(start + width, line.endIndex)
            var field = line[start..<end]
            while field.last == UInt8(ascii: " ") { field.removeLast() }
            values[name] = SlurmText.value(String(decoding: field, as: UTF8.self))
            start = end
        }
        func number(_ name: String) -> Int64? { values[name].flatMap { Int64($0) } }
        guard let id = values["HetJobID"] ?? values["JobID"], let state = values["State"] else { return nil }
        var facts = JobFacts(jobID: id, restart: number("RestartCnt") ?? 0, state: state, isFinal: false)
        facts.cluster = values["Cluster"]
        facts.username = values["UserName"]
        facts.uid = number("UserID")
        facts.account = values["Account"]
        facts.qos = values["QOS"]
        facts.partition = values["Partition"]
        facts.numNodes = number("NumNodes")
        facts.numTasks = number("NumTasks")
        facts.name = values["Name"]
        facts.submit = values["SubmitTime"].flatMap { SlurmText.time($0) }
        facts.start = values["StartTime"].flatMap { SlurmText.time($0) }
        facts.timeLimitSeconds = values["TimeLimit"].flatMap { SlurmText.duration($0) }
        if let task = number("ArrayTaskID") {
            facts.arrayJobID = number("ArrayJobID")
            facts.arrayTaskID = task
        }
        return facts
    }
}
