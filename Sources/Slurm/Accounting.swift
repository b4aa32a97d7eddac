import Jobs

/// `sacct`: the accounting's data of jobs by their numbers.
package enum Accounting {
    /// In an order that puts fields with arbitrary content last.
    package static let fields = [
        "JobIDRaw", "JobID", "Cluster", "State", "ExitCode", "User", "UID", "Account", "QOS", "Partition", "Submit",
        "Start", "End", "ElapsedRaw", "TimelimitRaw", "NNodes", "NTasks", "AllocCPUS", "AllocTRES",
        "TotalCPU", "ReqMem", "MaxRSS", "NodeList", "JobName",
    ]
    /// A separator that no user can predict. Otherwise a user could put it and a line break into a job's name and forge
    /// data of other users' jobs.
    package static func newSeparator() -> String {
        "\u{1F}" + String(UInt64.random(in: .min ... .max), radix: 36) + "\u{1F}"
    }

    package static func arguments(_ jobs: [String], separator: String) -> [String] {
        // --duplicates lists every start of a job that was requeued
        ["--parsable2", "--delimiter=\(separator)", "--duplicates", "--allusers"]
            + ["--format=\(fields.joined(separator: ","))", "--jobs=\(jobs.joined(separator: ","))"]
    }

    /// The starts of the jobs in the accounting's answer.
    package static func facts(_ text: String, separator: String) throws(JobSourceError) -> [JobFacts] {
        Allocation.facts(of: try allocations(text, separator: separator))
    }

    static func allocations(_ text: String, separator: String) throws(JobSourceError) -> [Allocation] {
        let table = try FieldTable(text, separator: separator, wanted: ["JobID", "State"], from: "sacct")
        var allocations: [Allocation] = []
        for row in table.rows {
            let number = row["JobIDRaw"].isEmpty ? row["JobID"] : row["JobIDRaw"]
            if number.contains(".") {
                // steps follow the start that they belong to
                guard let last = allocations.indices.last,
                    number.prefix(while: { $0 != "." }) == allocations[last].facts.jobID
                else { continue }
                allocations[last].steps.append(
                    Allocation.Step(
                        state: SlurmState.word(row["State"]), tasks: SlurmText.number(row["NTasks"]),
                        largestResidentSet: SlurmMemory.bytes(row["MaxRSS"])))
            } else if let allocation = allocation(row, number) {
                allocations.append(allocation)
            }
        }
        return allocations
    }

    private static func allocation(_ row: FieldTable.Row, _ id: Substring) -> Allocation? {
        guard let number = SlurmText.value(id) else { return nil }
        let state = SlurmState.word(row["State"])
        var facts = JobFacts(jobID: number, state: state, isFinal: SlurmState.isFinal(state))
        facts.cluster = SlurmText.value(row["Cluster"])
        facts.exitCode = SlurmText.value(row["ExitCode"])
        facts.username = SlurmText.value(row["User"])
        facts.uid = SlurmText.number(row["UID"])
        facts.account = SlurmText.value(row["Account"])
        facts.qos = SlurmText.value(row["QOS"])
        facts.partition = SlurmText.value(row["Partition"])
        facts.submit = SlurmText.time(row["Submit"])
        facts.start = SlurmText.time(row["Start"])
        facts.end = SlurmText.time(row["End"])
        facts.elapsedSeconds = SlurmText.number(row["ElapsedRaw"])
        facts.timeLimitSeconds = SlurmText.seconds(minutes: SlurmText.number(row["TimelimitRaw"]))
        facts.numNodes = SlurmText.number(row["NNodes"])
        facts.nodeList = SlurmText.value(row["NodeList"])
        facts.name = SlurmText.value(row["JobName"])
        facts.allocatedCPUs = SlurmText.count(row["AllocCPUS"])
        facts.cpuSeconds = SlurmText.seconds(ofCPU: row["TotalCPU"])
        facts.gpus = SlurmResources.gpus(row["AllocTRES"])
        facts.requestedMemory = SlurmMemory.requested(
            row["ReqMem"], cpus: facts.allocatedCPUs, nodes: facts.numNodes)
        var allocation = Allocation(facts: facts, leader: number)
        let written = row["JobID"]
        if let mark = written.firstIndex(of: "_") {
            allocation.facts.arrayJobID = Int64(written[..<mark])
            allocation.facts.arrayTaskID = Int64(written[written.index(after: mark)...])
        } else if let mark = written.firstIndex(of: "+") {
            allocation.leader = String(written[..<mark])
            allocation.component = Int64(written[written.index(after: mark)...])
        }
        return allocation
    }
}
