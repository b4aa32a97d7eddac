import Store

/// The node hours of single jobs, as `JobTimes` counts them. For answers that read runs some thousands at a time, so
/// that memory does not grow with the number of jobs.
struct NodeHours {
    /// A job in the tables.
    struct Job {
        let row: Int64
        let jobID: String
        let nodes: Int64?
        /// By Slurm.
        let seconds: Int64?
        /// The days of its records, counted from 1970-01-01 UTC.
        let days: ClosedRange<Int>

        /// The SQL of a row's values, where `r` is a run and `j` its job.
        static let columns = "r.job, j.job_id, j.num_nodes, j.elapsed_seconds, j.first_day, j.last_day, r.day"

        /// - Returns: nil outside a job.
        init?(_ values: some Collection<SQLValue>) {
            let values = Array(values)
            guard let row = values[0].integer, row > 0, let day = values[6].integer else { return nil }
            (self.row, jobID) = (row, values[1].text ?? "")
            (nodes, seconds) = (values[2].integer, values[3].integer)
            let (first, last) = (values[4].integer ?? day, values[5].integer ?? day)
            days = Int(min(first, day))...Int(max(last, day))
        }
    }

    /// The largest number of days of jobs in one statement.
    private static let daysAtOnce = 4_000

    private let connection: any SQLConnection
    private let condition: (sql: String, parameters: [SQLValue])
    private let usedDays: Set<Int>

    /// - Parameter days: all days with runs.
    init(_ connection: any SQLConnection, _ filter: UsageFilter, days: [Int]) throws(StoreError) {
        self.connection = connection
        condition = try filter.condition(on: connection)
        usedDays = Set(days)
    }

    /// The node hours of jobs, by their rows.
    ///
    /// - Parameter jobs: each as often as you like.
    func of(_ jobs: some Sequence<Job>) throws(StoreError) -> [Int64: Double] {
        var hours: [Int64: Double] = [:]
        var lives: [Int64: Job] = [:]
        for job in jobs {
            if let seconds = job.seconds {
                hours[job.row] = NodeHours.hours(job, seconds)
            } else {
                lives[job.row] = job
            }
        }
        var some: [(job: Job, days: [Int])] = []
        var count = 0
        for job in lives.values {
            let days = job.days.filter(usedDays.contains)
            if days.isEmpty { continue }
            if count + days.count > NodeHours.daysAtOnce, count > 0 {
                try add(some, to: &hours)
                (some, count) = ([], 0)
            }
            some.append((job, days))
            count += days.count
        }
        try add(some, to: &hours)
        return hours
    }

    /// Adds the jobs whose time is that from the first to the last sign of life.
    private func add(_ jobs: [(job: Job, days: [Int])], to hours: inout [Int64: Double]) throws(StoreError) {
        if jobs.isEmpty { return }
        let known = Dictionary(uniqueKeysWithValues: jobs.map { ($0.job.row, $0.job) })
        let rows = try connection.query(
            """
            SELECT r.job, min(r.started), max(r.last_seen)
            FROM \(connection.dialect.runs(ofJobs: jobs.map { ($0.job.jobID, $0.days) }))
            WHERE r.job IN (\(known.keys.map { String($0) }.joined(separator: ", ")))\(condition.sql) GROUP BY r.job
            """, condition.parameters)
        for row in rows {
            guard let number = row[0].integer, let job = known[number], let first = row[1].integer,
                let last = row[2].integer
            else { continue }
            hours[number] = NodeHours.hours(job, max(0, last &- first) / 1_000_000)
        }
    }

    private static func hours(_ job: Job, _ seconds: Int64) -> Double {
        Double(JobTimes.nodeSeconds(job.nodes, seconds)) / 3_600
    }
}
