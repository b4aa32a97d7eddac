import Merge
import Store

/// One job: the rows of all its starts.
struct JobStarts {
    let jobID: String
    let cluster: String
    /// Numbers of rows.
    private(set) var starts: [Int64] = []
    /// The row of the last start, and the number of starts before it.
    private(set) var last: Int64 = 0
    private(set) var restart: Int64 = -1
    /// The days of its records, counted from 1970-01-01 UTC; nil if unknown.
    private(set) var firstDay: Int?
    private(set) var lastDay: Int?
    private var restarts: Set<Int64> = []

    /// The jobs with this id in each cluster that has one, the newest first.
    static func jobs(
        _ connection: any SQLConnection, jobID: String, cluster: String?
    ) throws(StoreError) -> [JobStarts] {
        let place = jobID.split(separator: "_", omittingEmptySubsequences: false).map { Int64($0) }
        var condition = "j.job_id = ?"
        var parameters: [SQLValue] = [.text(jobID)]
        if place.count == 2, let array = place[0], let task = place[1] {
            condition = "j.array_job_id = ? AND j.array_task_id = ?"
            parameters = [.integer(array), .integer(task)]
        }
        let rows = try connection.query(
            """
            SELECT c.id, c.name, j.job_id, j.id, j.restart, j.first_day, j.last_day
            FROM jobs j \(connection.dialect.lookUp) clusters c ON c.id = j.cluster
            WHERE \(condition)\(cluster == nil ? "" : " AND c.name = ?")
            ORDER BY c.name, j.job_id, COALESCE(j.first_day, 0), j.restart, j.id
            """, parameters + (cluster.map { [.text($0)] } ?? []))
        var clusters: [[JobStarts]] = []
        var number: [SQLValue] = []
        for row in rows {
            if clusters.isEmpty || row[0] != number.first { clusters.append([]) }
            var job = JobStarts(jobID: row[2].text ?? "", cluster: row[1].text ?? "")
            if number == [row[0], row[2]], let known = clusters[clusters.count - 1].last, known.takes(row) {
                job = clusters[clusters.count - 1].removeLast()
            }
            job.add(row)
            clusters[clusters.count - 1].append(job)
            number = [row[0], row[2]]
        }
        return clusters.flatMap { jobs in jobs.sorted { ($0.lastDay ?? 0) > ($1.lastDay ?? 0) } }
    }

    private init(jobID: String, cluster: String) {
        self.jobID = jobID
        self.cluster = cluster
    }

    func mayHaveRuns(on day: Int) -> Bool { day >= firstDay ?? 0 && day <= lastDay ?? .max }

    /// Whether the next row, in the order of days, belongs to the same job.
    private func takes(_ row: [SQLValue]) -> Bool {
        guard let restart = row[4].integer, !restarts.contains(restart) else { return false }
        guard let lastDay, let first = row[5].integer else { return true }
        return Int(first) <= lastDay + Int(JobSpan.longestSilence)
    }

    private mutating func add(_ row: [SQLValue]) {
        guard let id = row[3].integer, let restart = row[4].integer else { return }
        starts.append(id)
        restarts.insert(restart)
        if restart > self.restart { (last, self.restart) = (id, restart) }
        if let first = row[5].integer { firstDay = min(firstDay ?? .max, Int(first)) }
        if let end = row[6].integer { lastDay = max(lastDay ?? 0, Int(end)) }
    }
}
