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

    /// How many jobs are looked at, or united, in one go: nobody writes meanwhile.
    static let pairsAtOnce = 200

    /// Makes one job of each two that have turned out to be one, in a transaction of its own in which nobody else writes.
    ///
    /// - Parameter rows: those of which each may be one with another; nil for all that there are.
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

    /// Two rows of one job each: the one to be kept, of which Slurm has told if it has told of any, and the other.
    private static func pairs(
        _ connection: some SQLConnection, among rows: [Int64]?
    ) throws(StoreError) -> [(kept: Int64, gone: Int64)] {
        // most numbers have not come round again: the condition on all has an index
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
        // the one that is kept learns from the other, and so do its days
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
        try connection.query(
            """
            UPDATE jobs AS k SET \((ids + facts + JobRecurrences.spanUpdates(of: "k", with: "g")).joined(separator: ", ")),
                settled = CASE WHEN k.settled = 2 THEN 0 ELSE k.settled END
            FROM jobs g WHERE k.id = ? AND g.id = ?
            """, [.integer(kept), .integer(gone)])
        try connection.query("DELETE FROM jobs WHERE id = ?", [.integer(gone)])
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
