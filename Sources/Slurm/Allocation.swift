import Jobs

/// One record of the accounting: one start of a job, or of one component of a heterogeneous job.
struct Allocation: Equatable {
    /// The component's own data; `restart` is not known yet.
    var facts: JobFacts
    /// The job number that the processes of all components see.
    var leader: String
    /// The component's offset; nil outside a heterogeneous job.
    var component: Int64?
    var steps: [Step] = []

    /// One step, the batch step and `extern` included. Nil means that the accounting gave no value.
    struct Step: Equatable {
        /// The name of its state.
        var state: String
        var tasks: Int64?
        /// Bytes.
        var largestResidentSet: Int64?
    }

    /// The facts of each start of each job.
    ///
    /// The accounting has a record for each start but does not number them: they are counted by the time of submission,
    /// which a requeue sets anew. Job numbers are reused after some millions of jobs. So a gap of a day begins another
    /// job, and its starts are counted from 0.
    static func facts(of allocations: [Allocation]) -> [JobFacts] {
        var jobs: [String: [Int64: [Allocation]]] = [:]
        for allocation in allocations {
            jobs[allocation.leader, default: [:]][allocation.component ?? 0, default: []].append(allocation)
        }
        return jobs.keys.sorted().flatMap { leader -> [JobFacts] in
            // the leader's starts tell to which job of the number a component's start belongs
            var starts: [(restart: Int64, components: [JobFacts])] = []
            for (_, records) in (jobs[leader] ?? [:]).sorted(by: { $0.key < $1.key }) {
                for (place, start) in numbered(records).enumerated() {
                    if place == starts.count { starts.append((start.restart, [])) }
                    starts[place].components.append(start.record.judged)
                }
            }
            return starts.map { restart, components in
                var facts = whole(of: components)
                facts.jobID = leader
                facts.restart = restart
                return facts
            }
        }
    }

    private static let gap: Int64 = 86_400 * 1_000_000

    /// The starts of all jobs with one number, each with the number of earlier starts of its job.
    private static func numbered(_ records: [Allocation]) -> [(restart: Int64, record: Allocation)] {
        let sorted = records.sorted {
            ($0.facts.submit ?? 0, $0.facts.start ?? .max) < ($1.facts.submit ?? 0, $1.facts.start ?? .max)
        }
        var first = 0
        return sorted.indices.map { index in
            if index > 0, let end = sorted[index - 1].facts.end, let submit = sorted[index].facts.submit,
                submit - end > gap
            {
                first = index
            }
            return (Int64(index - first), sorted[index])
        }
    }

    /// The facts with those of the steps, and with a corrected state: for a job whose step the kernel killed for lack
    /// of memory, the accounting says only that it failed.
    private var judged: JobFacts {
        var facts = facts
        if facts.state == JobState.failed, steps.contains(where: { $0.state == JobState.outOfMemory }) {
            facts.state = JobState.outOfMemory
        }
        facts.numTasks = facts.numTasks ?? steps.compactMap { $0.tasks }.max()
        facts.largestResidentSet = steps.compactMap { $0.largestResidentSet }.max()
        facts.steps = Int64(steps.count)
        return facts
    }

    /// The facts of all components together: the leader's facts, all nodes, tasks and resources, and the state of the
    /// first component that did not complete.
    private static func whole(of components: [JobFacts]) -> JobFacts {
        var whole = components[0]
        guard components.count > 1 else { return whole }
        whole.numNodes = sum(components.map { $0.numNodes })
        whole.numTasks = sum(components.map { $0.numTasks })
        whole.allocatedCPUs = SlurmText.count(sum(components.map { $0.allocatedCPUs }))
        whole.cpuSeconds = sum(components.map { $0.cpuSeconds })
        whole.gpus = SlurmText.count(sum(components.map { $0.gpus }))
        whole.requestedMemory = sum(components.map { $0.requestedMemory })
        whole.largestResidentSet = components.compactMap { $0.largestResidentSet }.max()
        whole.steps = SlurmText.count(sum(components.map { $0.steps }))
        whole.nodeList = components.compactMap { $0.nodeList }.joined(separator: ",")
        whole.isFinal = components.allSatisfy { $0.isFinal }
        if let odd = components.first(where: { $0.state != JobState.completed }) {
            (whole.state, whole.exitCode) = (odd.state, odd.exitCode)
        }
        return whole
    }

    private static func sum(_ numbers: [Int64?]) -> Int64? {
        let known = numbers.compactMap { $0 }
        return known.isEmpty ? nil : known.reduce(0, &+)
    }
}
