import Record

/// Decides, sweep by sweep, what to ask about jobs: one question for all that run, and one for each batch of ended
/// jobs.
///
/// A state machine without clock, input or output: `begin`, `look` at the open jobs some thousands at a time,
/// `finish` once the outcomes are written, then `judge` each batch. Its memory is bounded by the number of running
/// jobs.
public struct JobSweep {
    /// The number of answers without the job after which it is not a job of this cluster.
    static let attemptsAtMost: Int64 = 12
    /// Answers with half of a job's facts, after which there will be no more.
    static let partialAttemptsAtMost: Int64 = 10
    /// The longest wait until a job is asked for again, microseconds.
    static let longestDelay: Int64 = 3_600 * 1_000_000

    /// The cluster that answers; nil before the first answer that names it.
    public private(set) var cluster: String?
    private let batchSize: Int
    /// The time between sweeps, microseconds.
    private let interval: Int64
    private let isJobID: (String) -> Bool
    /// The largest distance between the days of a job's records and the batch system's times, microseconds. A record
    /// without a time counts at its arrival, and may have waited before.
    static let slack: Int64 = 14 * 86_400 * 1_000_000
    /// The jobs that hold nodes in the present sweep.
    private var running: [JobKey: JobFacts] = [:]
    /// The facts of running open jobs, by row: the written ones, and those of the present sweep.
    private var written: [Int64: JobFacts] = [:]
    private var seen: [Int64: JobFacts] = [:]

    /// - Parameters:
    ///   - cluster: the cluster whose jobs are asked for; nil for the one that answers.
    ///   - batchSize: jobs that are asked for at once.
    ///   - interval: between sweeps, microseconds.
    ///   - isJobID: whether a text can be a job's number; jobs of other texts are not asked for.
    public init(
        cluster: String?, batchSize: Int, interval: Int64, isJobID: @escaping (String) -> Bool
    ) {
        self.cluster = cluster
        self.batchSize = batchSize
        self.interval = interval
        self.isJobID = isJobID
    }

    /// The results for open jobs from the answer to the first question.
    public struct Findings: Sendable, Equatable {
        public var outcomes: [JobOutcome] = []
        /// The jobs to ask the accounting for.
        public var ended: [OpenJob] = []

        package init() {}
    }

    /// Begins a sweep.
    ///
    /// - Parameter running: the jobs that hold nodes now.
    public mutating func begin(running jobs: [JobFacts]) {
        learn(jobs)
        running.removeAll(keepingCapacity: true)
        for job in jobs { running[JobKey(jobID: job.jobID, restart: job.restart)] = job }
        seen.removeAll(keepingCapacity: true)
    }

    /// - Parameter open: jobs of the store; jobs of other clusters are skipped.
    public mutating func look(at open: [OpenJob]) -> Findings {
        var findings = Findings()
        for job in open where isOurs(job.cluster) {
            guard isJobID(job.jobID) else {
                findings.outcomes.append(.unknown(row: job.row))
                continue
            }
            guard let found = running[JobKey(jobID: job.jobID, restart: job.restart)],
                job.distance(of: found) <= JobSweep.slack
            else {
                findings.ended.append(job)
                continue
            }
            if written[job.row] != found { findings.outcomes.append(.facts(row: job.row, found)) }
            seen[job.row] = found
        }
        return findings
    }

    /// Notes that all results are written; without this call the next sweep finds them again.
    public mutating func finish() {
        swap(&written, &seen)
        seen.removeAll(keepingCapacity: true)
        running.removeAll(keepingCapacity: true)
    }

    /// The outcomes of the accounting's answer for one batch.
    ///
    /// - Parameter now: microseconds since 1970 UTC.
    public mutating func judge(_ batch: [OpenJob], accounted: [JobFacts], now: Int64) -> [JobOutcome] {
        learn(accounted)
        var facts: [JobKey: [JobFacts]] = [:]
        for job in accounted { facts[JobKey(jobID: job.jobID, restart: job.restart), default: []].append(job) }
        return batch.compactMap { job in
            // an answer in between may have shown that the job is another cluster's
            guard isOurs(job.cluster) else { return nil }
            let found = job.nearest(of: facts[JobKey(jobID: job.jobID, restart: job.restart)] ?? [])
            if let found, isOurs(found.cluster ?? ""), found.isFinal {
                // the accounting can have a job's end before its start
                if found.partition != nil || job.attempts >= JobSweep.partialAttemptsAtMost {
                    return .facts(row: job.row, found)
                }
                return .later(row: job.row, attempts: job.attempts + 1, due: now + interval / 2)
            }
            if found != nil {
                // the job has just ended and the accounting does not have it yet, or it was requeued and waits
                return .later(row: job.row, attempts: 0, due: now + interval / 2)
            }
            let attempts = job.attempts + 1
            if attempts >= JobSweep.attemptsAtMost { return .unknown(row: job.row) }
            // the accounting lags some seconds behind, so the first attempts follow quickly
            let delay = attempts <= 3 ? interval / 2 : min(interval << min(attempts, 20), JobSweep.longestDelay)
            return .later(row: job.row, attempts: attempts, due: now + delay)
        }
    }

    /// Puts each number once into lists of the batch's size, each for one call. The starts of one job stay together.
    public func batches(_ jobs: [OpenJob]) -> [[OpenJob]] {
        var batches: [[OpenJob]] = []
        var numbers: Set<String> = []
        for job in jobs.sorted(by: { ($0.jobID, $0.restart) < ($1.jobID, $1.restart) }) {
            if batches.isEmpty || numbers.count == batchSize && !numbers.contains(job.jobID) {
                batches.append([])
                numbers = []
            }
            numbers.insert(job.jobID)
            batches[batches.count - 1].append(job)
        }
        return batches
    }

    private mutating func learn(_ facts: [JobFacts]) {
        if cluster == nil { cluster = facts.lazy.compactMap { $0.cluster }.first }
    }

    private func isOurs(_ name: String) -> Bool {
        name.isEmpty || cluster.map { ExactText(name) == ExactText($0) } ?? true
    }
}

extension OpenJob {
    /// The facts that belong to this job's time. Facts of other jobs with its number, before or after it, are ignored.
    fileprivate func nearest(of facts: [JobFacts]) -> JobFacts? {
        var best: JobFacts?
        // of several equally near facts, the newest count
        for found in facts where distance(of: found) <= (best.map { distance(of: $0) } ?? JobSweep.slack) {
            if let known = best, distance(of: known) == distance(of: found), known.submit ?? 0 > found.submit ?? 0 {
                continue
            }
            best = found
        }
        return best
    }

    /// The time between the job's records and the batch system's job: microseconds, 0 if the job existed on the
    /// records' days.
    fileprivate func distance(of facts: JobFacts) -> Int64 {
        guard let days, let begin = facts.submit ?? facts.start ?? facts.end else { return 0 }
        let first = days.lowerBound * Calendar.microsecondsPerDay
        let last = (days.upperBound + 1) * Calendar.microsecondsPerDay
        // a job without an end still exists
        return max(0, begin - last, facts.end.map { first - $0 } ?? 0)
    }
}

extension JobSweep {
    /// The numbers of a batch, each once.
    public static func numbers(_ batch: [OpenJob]) -> [String] {
        var numbers: [String] = []
        for job in batch where numbers.last != job.jobID { numbers.append(job.jobID) }
        return numbers
    }
}
