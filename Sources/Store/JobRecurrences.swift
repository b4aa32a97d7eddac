import Merge
import Record

/// Jobs whose number has come round again: each has a row of its own, told apart by `recurrence`.
///
/// Records come in any order. One that lies between two jobs of a number may show that they are one; then they are united.
enum JobRecurrences {
    /// The condition that rows called so have the same number.
    static func haveSameNumber(_ one: String, _ other: String) -> String {
        "\(one).job_id = \(other).job_id AND \(one).cluster = \(other).cluster AND \(one).restart = \(other).restart"
    }

    /// The condition that what is known of `some`, which has `first_day` and `last_day`, is of the job `job`: by the days of its records,
    /// or as Slurm knows when it began and when its time was up.
    static func isNear(_ some: String, job: String) -> String {
        let end = "COALESCE(\(job).end_time, \(job).start_time + \(job).time_limit_seconds * 1000000)"
        return """
            \(job).first_day <= \(some).last_day + \(JobSpan.longestSilence) AND
                (\(job).last_day >= \(some).first_day - \(JobSpan.longestSilence)
                OR \(end) / \(Calendar.microsecondsPerDay) >= \(some).first_day - \(JobSpan.longestSilence))
            """
    }

    /// Makes one job of each two that have turned out to be one, in a transaction of its own in which nobody else writes.
    static func unite(_ connection: some SQLConnection) throws(StoreError) {
        if try pair(connection) == nil { return }
        try connection.transaction { () throws(StoreError) in
            try NameEpoch.begin(connection)
            while let (kept, gone) = try pair(connection) { try unite(kept, gone, on: connection) }
        }
    }

    /// Two rows of one job: the one to be kept, of which Slurm has told if it has told of any, and the other.
    private static func pair(_ connection: some SQLConnection) throws(StoreError) -> (kept: Int64, gone: Int64)? {
        // most numbers have not come round again: the condition has an index
        let row = try connection.query(
            """
            SELECT a.id, a.source, b.id, b.source FROM jobs b \(connection.dialect.lookUp) jobs a
                ON \(haveSameNumber("a", "b")) AND a.id <> b.id
            WHERE b.recurrence > 0 AND (\(isNear("a", job: "b")) OR \(isNear("b", job: "a")))
            ORDER BY a.id, b.id LIMIT 1
            """
        ).first
        guard let row, let one = row[0].integer, let other = row[2].integer else { return nil }
        if row[1].integer != row[3].integer { return row[1].integer == 1 ? (one, other) : (other, one) }
        return (min(one, other), max(one, other))
    }

    private static func unite(_ kept: Int64, _ gone: Int64, on connection: some SQLConnection) throws(StoreError) {
        let row = try connection.query("SELECT job_id, first_day, last_day FROM jobs WHERE id = ?", [.integer(gone)])
            .first
        guard let row, let number = row[0].text, let first = row[1].integer, let last = row[2].integer else { return }
        let days = try PackedDays.daysWithRuns(connection).filter { $0 >= Int(first) && $0 <= Int(last) }
        if !days.isEmpty {
            try connection.query(
                """
                UPDATE runs SET job = ? WHERE run IN (
                    SELECT r.run FROM \(connection.dialect.runs(ofJob: number, on: days)) WHERE r.job = ?)
                """, [.integer(kept), .integer(gone)])
        }
        let ids = JobClaim.idColumns.map { "\($0) = COALESCE(NULLIF(k.\($0), 0), g.\($0))" }
        let facts = JobClaim.factColumns.map { "\($0) = COALESCE(k.\($0), g.\($0))" }
        try connection.query(
            """
            UPDATE jobs AS k SET \((ids + facts + JobRecurrences.spanUpdates(of: "k", with: "g")).joined(separator: ", ")),
                settled = CASE WHEN k.settled = 2 THEN 0 ELSE k.settled END
            FROM jobs g WHERE k.id = ? AND g.id = ?
            """, [.integer(kept), .integer(gone)])
        try connection.query("DELETE FROM jobs WHERE id = ?", [.integer(gone)])
        try PackedDays.forget(days, on: connection)
    }

    /// What an UPDATE sets so that the days of a job called `job` take in those of `other`.
    static func spanUpdates(of job: String, with other: String) -> [String] {
        func chosen(_ column: String, _ sign: String) -> String {
            let (one, two) = ("\(job).\(column)", "\(other).\(column)")
            return "\(column) = CASE WHEN \(one) \(sign) \(two) THEN \(one) ELSE COALESCE(\(two), \(one)) END"
        }
        return [chosen("first_day", "<="), chosen("last_day", ">=")]
    }
}
