import JSON
import Jobs

/// Reads slurmrestd's answers on jobs, in versions 0.0.36 to 0.0.43 of its interface.
///
/// The versions differ in small things: from 0.0.39 on numbers may come as `{set, infinite, number}` and states as
/// lists.
package enum RestJobs {
    /// Keys of `/slurm/VERSION/jobs`: the controller's memory.
    package static let queueKeys: Set<String> = [
        "job_id", "array_job_id", "array_task_id", "het_job_id", "het_job_offset", "restart_cnt", "job_state",
        "user_name",
        "user_id", "account", "qos", "partition", "cluster", "name", "nodes", "node_count", "tasks", "submit_time",
        "start_time", "end_time", "time_limit", "exit_code",
    ]
    /// Keys of `/slurmdb/VERSION/jobs`: the accounting.
    package static let accountingKeys: Set<String> = [
        "job_id", "array", "het", "state", "user", "association", "account", "qos", "partition", "cluster", "name",
        "nodes",
        "allocation_nodes", "time", "exit_code", "steps", "tres",
    ]

    /// One entry for each start of a job in the controller's memory, waiting jobs included.
    package static func queue(_ document: SlurmDocument) -> [JobFacts] {
        Queue.united(document.jobs.compactMap(queued))
    }

    package static func accounting(_ document: SlurmDocument) -> [JobFacts] {
        Allocation.facts(of: document.jobs.compactMap(allocation))
    }

    private static func queued(_ job: JSON) -> JobFacts? {
        guard let number = job["job_id"].number else { return nil }
        let leader = job["het_job_id"].number.flatMap { $0 > 0 ? $0 : nil }
        let state = SlurmState.word(among: job["job_state"].words)
        var facts = JobFacts(
            jobID: String(leader ?? number), restart: job["restart_cnt"].number ?? 0, state: state,
            isFinal: SlurmState.isFinal(state))
        facts.cluster = job["cluster"].text
        facts.username = job["user_name"].text
        facts.uid = job["user_id"].number
        facts.account = job["account"].text
        facts.qos = job["qos"].text
        facts.partition = job["partition"].text
        facts.name = job["name"].text
        facts.nodeList = job["nodes"].text
        facts.numNodes = job["node_count"].number
        facts.numTasks = job["tasks"].number
        facts.submit = SlurmText.time(seconds: job["submit_time"].number)
        facts.start = SlurmText.time(seconds: job["start_time"].number)
        if facts.isFinal { facts.end = SlurmText.time(seconds: job["end_time"].number) }
        facts.timeLimitSeconds = SlurmText.seconds(minutes: job["time_limit"].number)
        facts.exitCode = exitCode(job["exit_code"])
        (facts.arrayJobID, facts.arrayTaskID) = arrayPlace(job["array_job_id"], job["array_task_id"])
        return facts
    }

    private static func allocation(_ job: JSON) -> Allocation? {
        guard let number = job["job_id"].number else { return nil }
        let state = SlurmState.word(among: job["state"]["current"].words)
        var facts = JobFacts(jobID: String(number), state: state, isFinal: SlurmState.isFinal(state))
        facts.cluster = job["cluster"].text ?? job["association"]["cluster"].text
        facts.username = job["user"].text ?? job["association"]["user"].text
        facts.account = job["account"].text ?? job["association"]["account"].text
        facts.qos = job["qos"].text
        facts.partition = job["partition"].text
        facts.name = job["name"].text
        facts.nodeList = job["nodes"].text
        facts.numNodes = job["allocation_nodes"].number
        facts.submit = SlurmText.time(seconds: job["time"]["submission"].number)
        facts.start = SlurmText.time(seconds: job["time"]["start"].number)
        facts.end = SlurmText.time(seconds: job["time"]["end"].number)
        facts.elapsedSeconds = job["time"]["elapsed"].number
        facts.timeLimitSeconds = SlurmText.seconds(minutes: job["time"]["limit"].number)
        let resources = job["tres"]
        facts.allocatedCPUs = SlurmText.count(SlurmResources.count("cpu", in: resources["allocated"]))
        facts.cpuSeconds = cpuSeconds(job)
        facts.gpus = SlurmResources.gpus(resources["allocated"])
        facts.requestedMemory = SlurmMemory.bytes(
            mebibytes: SlurmResources.count("mem", in: resources["requested"]))
        facts.exitCode = exitCode(job["exit_code"])
        // 22.05 gives this exit code for failed jobs too, so it means "unknown"
        if state == JobState.failed, facts.exitCode == "0:0" { facts.exitCode = nil }
        (facts.arrayJobID, facts.arrayTaskID) = arrayPlace(job["array"]["job_id"], job["array"]["task_id"])
        var allocation = Allocation(facts: facts, leader: facts.jobID)
        if let leader = job["het"]["job_id"].number, leader > 0 {
            allocation.leader = String(leader)
            allocation.component = job["het"]["job_offset"].number ?? 0
        }
        for step in job["steps"].elements {
            allocation.steps.append(
                Allocation.Step(
                    state: SlurmState.word(among: step["state"].words), tasks: step["tasks"]["count"].number,
                    largestResidentSet: SlurmResources.count("mem", in: step["tres"]["requested"]["max"])
                        .flatMap { $0 > 0 ? $0 : nil }))
        }
        return allocation
    }

    /// Whole seconds. 22.05 leaves the job's own sum at 0, so the steps' sum counts where it is more. It also writes
    /// more than a second as microseconds.
    private static func cpuSeconds(_ job: JSON) -> Int64? {
        func total(_ times: [JSON]) -> Int64? {
            let totals = times.map { $0["total"] }
            let seconds = totals.compactMap { SlurmText.count($0["seconds"].number, atMost: 10_000_000_000_000) }
            let rest = totals.compactMap { SlurmText.count($0["microseconds"].number, atMost: 1_000_000_000_000_000) }
            return seconds.isEmpty ? nil : seconds.reduce(0, &+) &+ rest.reduce(0, &+) / 1_000_000
        }
        return [total([job["time"]]), total(job["steps"].elements.map { $0["time"] })].compactMap { $0 }.max()
    }

    private static func arrayPlace(_ job: JSON, _ task: JSON) -> (Int64?, Int64?) {
        guard let job = job.number, job > 0, let task = task.number else { return (nil, nil) }
        return (job, task)
    }

    /// The exit code as `CODE:SIGNAL`, like sacct's, from a wait status or from an object.
    private static func exitCode(_ value: JSON) -> String? {
        var code: Int64
        let signal: Int64
        if case .integer(let status) = value {
            (code, signal) = (status >> 8 & 0xFF, status & 0x7F)
        } else {
            let signalValue = value["signal"]
            let found = signalValue["signal_id"].number ?? signalValue["id"].number
            guard let known = value["return_code"].number ?? found.map({ _ in 0 }) else { return nil }
            (code, signal) = (known, found ?? 0)
        }
        // a shell reports a signal as 128 + its number; sacct subtracts the 128
        if code >= 128 { code -= 128 }
        return "\(code):\(signal)"
    }
}
