import Merge
import Record

/// Jobs with a reused number: each has a row of its own, told apart by `recurrence`.
///
/// Records come in any order. One that lies between two jobs of a number may show that they are the same job; then they
/// are united.
enum JobRecurrences {
    /// The condition that two rows with these names have the same number.
    static func haveSameNumber(_ one: String, _ other: String) -> String {
        "\(one).job_id = \(other).job_id AND \(one).cluster = \(other).cluster AND \(one).restart = \(other).restart"
    }

    /// The condition that `some`, which has `first_day` and `last_day`, belongs to the job `job`: by the days of its
    /// records, or by Slurm's begin and time limit.
    static func isNear(_ some: String, job: String) -> String {
        let end = "COALESCE(\(job).end_time, \(job).start_time + \(job).time_limit_seconds * 1000000)"
        return """
            \(job).first_day <= \(some).last_day + \(JobSpan.longestSilence) AND
                (\(job).last_day >= \(some).first_day - \(JobSpan.longestSilence)
                OR \(end) / \(Calendar.microsecondsPerDay) >= \(some).first_day - \(JobSpan.longestSilence))
            """
    }

    /// The number of jobs that are compared, or united, at once, because other writers wait meanwhile.
    static let pairsAtOnce = 200

    /// Unites each two rows that turned out to be one job, in a transaction of its own that locks out other writers.
    ///
    /// - Parameter rows: those that may be one job with another; nil for all.
    /// - Returns: whether there may be more of them.
    static func unite(_ connection: some SQLConnection, among rows: [Int64]?) throws(StoreError) -> Bool {
        if try pairs(connection, among: rows).isEmpty { return false }
        try connection.transaction { () throws(StoreError) in
            try NameEpoch.begin(connection)
            var met: Set<Int64> = []
            for (kept, gone) in try pairs(connection, among: rows) where met.isDisjoint(with: [kept, gone]) {
                met.formUnion([kept, gone])
                try unite(kept, gone, on: connection)
            }
        }
        return true
    }

    /// Pairs of rows of one job: the one to keep, which has Slurm's data if either has, and the other.
    private static func pairs(
        _ connection: some SQLConnection, among rows: [Int64]?
    ) throws(StoreError) -> [(kept: Int64, gone: Int64)] {
        // most numbers are not reused, and the condition on all numbers has an index
        let which =
            rows.map { ids in "b.id IN (\(ids.map { String($0) }.joined(separator: ", ")))" } ?? "b.recurrence > 0"
        return try connection.query(
            """
            SELECT a.id, a.source, b.id, b.source FROM jobs b \(connection.dialect.lookUp) jobs a
                ON \(haveSameNumber("a", "b")) AND a.id <> b.id
            WHERE \(which) AND (\(isNear("a", job: "b")) OR \(isNear("b", job: "a")))
            ORDER BY a.id, b.id LIMIT \(pairsAtOnce)
            """
        ).compactMap { row in
            guard let one = row[0].integer, let other = row[2].integer else { return nil }
            if row[1].integer != row[3].integer { return row[1].integer == 1 ? (one, other) : (other, one) }
            return (min(one, other), max(one, other))
        }
    }

    private static func unite(_ kept: Int64, _ gone: Int64, on connection: some SQLConnection) throws(StoreError) {
        let rows = try connection.query(
            "SELECT job_id, first_day, last_day FROM jobs WHERE id IN (?, ?)", [.integer(kept), .integer(gone)])
        let (firsts, lasts) = (rows.compactMap { $0[1].integer }, rows.compactMap { $0[2].integer })
        guard let number = rows.first?[0].text, let first = firsts.min(), let last = lasts.max() else { return }
        // the row that is kept gets the other's data, so its days change too
        try PackedDays.forget(jobs: [kept, gone], from: Int(first), through: Int(last), on: connection)
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
        let vouched = "vouched = CASE WHEN g.vouched > k.vouched THEN g.vouched ELSE k.vouched END"
        let updates = ids + facts + [vouched] + JobRecurrences.spanUpdates(of: "k", with: "g")
        try connection.query(
            """
            UPDATE jobs AS k SET \(updates.joined(separator: ", ")),
                settled = CASE WHEN k.settled = 2 THEN 0 ELSE k.settled END
            FROM jobs g WHERE k.id = ? AND g.id = ?
            """, [.integer(kept), .integer(gone)])
        try connection.query("DELETE FROM jobs WHERE id = ?", [.integer(gone)])
    }

    /// The SET clauses that extend the days of a job called `job` by those of `other`.
    static func spanUpdates(of job: String, with other: String) -> [String] {
        func chosen(_ column: String, _ sign: String) -> String {
            let (one, two) = ("\(job).\(column)", "\(other).\(column)")
            return "\(column) = CASE WHEN \(one) \(sign) \(two) THEN \(one) ELSE COALESCE(\(two), \(one)) END"
        }
        return [chosen("first_day", "<="), chosen("last_day", ">=")]
    }
}
