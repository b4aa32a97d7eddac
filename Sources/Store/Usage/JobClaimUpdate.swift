import Merge
import Record

/// Writes claims of records on known jobs, within a batch's transaction.
enum JobClaimUpdate {
    /// - Parameters:
    ///   - resolver: knows the ids of all that the claims name.
    ///   - firstUnpackedDay: days before this one may be packed.
    /// - Returns: rows of jobs that have each turned out to be the same job as another row.
    static func write(
        _ claims: [JobClaim], _ resolver: SymbolResolver, firstUnpackedDay: Int, on connection: some SQLConnection
    ) throws(StoreError) -> [Int64] {
        var news = claims.filter { !resolver.hasWritten($0) }
        if news.isEmpty { return [] }
        // in an order that all daemons share, like runs
        news.sort { resolver.id($0.job, .job) < resolver.id($1.job, .job) }
        try connection.stage(Staged.claims, count: news.count) { index, row in
            row.integer(resolver.id(news[index].job, .job))
            resolver.stage(news[index], in: &row)
        }
        return try writeStaged(connection, firstUnpackedDay: firstUnpackedDay)
    }

    private static func writeStaged(_ connection: some SQLConnection, firstUnpackedDay: Int) throws(StoreError)
        -> [Int64]
    {
        try forgetPacked(connection, firstUnpackedDay: firstUnpackedDay)
        // a claim fills only empty columns, and never replaces Slurm's data (source 1): it is kept beside them. A
        // vouched claim replaces those that no one vouches for, and these add nothing to it.
        let ids = JobClaim.idColumns.flatMap { column in
            [
                "\(column) = CASE WHEN j.source <> 0 OR j.vouched > s.vouched THEN j.\(column) "
                    + "WHEN s.vouched > j.vouched THEN s.\(column) "
                    + "ELSE COALESCE(NULLIF(j.\(column), 0), s.\(column)) END",
                "claimed_\(column) = CASE WHEN j.source = 0 THEN NULL "
                    + "ELSE COALESCE(j.claimed_\(column), NULLIF(s.\(column), 0)) END",
            ]
        }
        let facts = JobClaim.factColumns.map { column in
            "\(column) = CASE WHEN j.source = 0 AND s.vouched > j.vouched THEN s.\(column) "
                + "WHEN j.vouched > s.vouched OR j.settled = 2 AND s.vouched = 0 THEN j.\(column) "
                + "ELSE COALESCE(j.\(column), s.\(column)) END"
        }
        let vouched = "vouched = CASE WHEN s.vouched > j.vouched THEN s.vouched ELSE j.vouched END"
        let updates = ids + facts + [vouched] + JobRecurrences.spanUpdates(of: "j", with: "s")
        try connection.query(
            """
            UPDATE jobs AS j SET \(updates.joined(separator: ", "))
            FROM staged_claims s WHERE j.id = s.job
            """)
        let look = connection.dialect.lookUp
        return try connection.query(
            """
            SELECT DISTINCT a.id FROM staged_claims s \(look) jobs a ON a.id = s.job
                \(look) jobs b ON \(JobRecurrences.haveSameNumber("b", "a")) AND b.id <> a.id
            WHERE (\(JobRecurrences.isNear("a", job: "b"))) OR (\(JobRecurrences.isNear("b", job: "a")))
                LIMIT \(JobRecurrences.pairsAtOnce)
            """
        ).compactMap { $0[0].integer }
    }

    /// New facts of a job change its earlier days too, so packed copies of those days are out of date.
    private static func forgetPacked(_ connection: some SQLConnection, firstUnpackedDay: Int) throws(StoreError) {
        let isNew = JobClaim.idColumns.map { "j.\($0) = 0 AND s.\($0) <> 0" }
        let rows = try connection.query(
            """
            SELECT j.id, j.first_day, j.last_day FROM staged_claims s
            \(connection.dialect.lookUp) jobs j ON j.id = s.job
            WHERE j.first_day < \(firstUnpackedDay) AND (j.num_nodes IS NULL AND s.num_nodes IS NOT NULL
                OR j.source = 0 AND (s.vouched > j.vouched
                    OR \(isNew.joined(separator: " OR "))))
            """)
        let jobs = Set(rows.compactMap { $0[0].integer })
        guard let first = rows.compactMap({ $0[1].integer }).min(), let last = rows.compactMap({ $0[2].integer }).max()
        else { return }
        try PackedDays.forget(
            jobs: jobs, from: Int(first), through: min(Int(last), firstUnpackedDay - 1), on: connection)
    }
}
