import JSON
import Record
import Store

/// The fields in which records and Slurm disagree about a job. Slurm wins; the claim is kept beside it.
public struct ClaimReport: Sendable, Equatable {
    /// A claim of a record on its job.
    public enum Claim: String, Sendable {
        case username, account, qos, partition
    }

    public struct Difference: Sendable, Equatable {
        public let jobID: String
        public let cluster: String
        public let restart: Int64
        public let field: Claim
        public let claimed: String
        public let actual: String
    }

    /// Jobs with data from both.
    public let jobsChecked: Int64
    public let differing: Int64
    /// Records that claimed another name than that of the user whom the kernel has proved.
    public let foreignNames: Int64
    /// The newest jobs first.
    public let differences: [Difference]

    public static func ask(_ connection: any SQLConnection, limit: Int) throws(StoreError) -> ClaimReport {
        let rows = try connection.query(
            """
            SELECT d.job_id, c.name, d.restart, d.field, d.claimed, d.actual FROM (\(differences(connection.dialect))) d
            \(connection.dialect.lookUp) clusters c ON c.id = d.cluster
            ORDER BY d.id DESC, d.field, d.claimed LIMIT \(limit)
            """)
        let checked = try connection.query("SELECT count(*) FROM jobs WHERE source = 1").first?[0].integer
        let foreign = try connection.query(
            "SELECT sum(value) FROM counters WHERE name = ?", [.text(IngestCounters.foreignName)]
        ).first?[0].integer
        return ClaimReport(
            jobsChecked: checked ?? 0, differing: try count(connection), foreignNames: foreign ?? 0,
            differences: rows.compactMap { row in
                Claim(rawValue: row[3].text ?? "").map { field in
                    Difference(
                        jobID: row[0].text ?? "", cluster: row[1].text ?? "", restart: row[2].integer ?? 0,
                        field: field,
                        claimed: row[4].text ?? "", actual: row[5].text ?? "")
                }
            })
    }

    static func count(_ connection: any SQLConnection) throws(StoreError) -> Int64 {
        try connection.query("SELECT count(*) FROM (\(differences(connection.dialect))) d").first?[0].integer ?? 0
    }

    /// Users are compared by the runs, because each run is a claim; other fields by the first record that has them.
    /// Components of a heterogeneous job have partitions and qualities of service of their own, but Slurm's value is
    /// the leader's. A user who is known by number alone (`#2001`) differs if the number does.
    private static func differences(_ dialect: any SQLDialect) -> String {
        let look = dialect.lookUp
        let users = """
            SELECT DISTINCT j.id, j.job_id, j.cluster, j.restart, '\(Claim.username.rawValue)' AS field,
                \(PersonNames.name(of: "n", on: "r.day")) AS claimed, \(PersonNames.name(on: "r.day")) AS actual
            FROM runs r \(look) jobs j ON j.id = r.job \(look) users n ON n.id = r.usr \(look) users u ON u.id = j.usr
            WHERE j.source = 1 AND r.usr <> j.usr AND r.usr <> 0 AND j.usr <> 0
                AND n.name <> '#' || COALESCE(CAST(j.uid AS text), substr(n.name, 2))
            """
        let names = [(Claim.account, "accounts", ""), (.qos, "qoses", single), (.partition, "partitions", single)]
        let others = names.map { claim, table, condition in
            let column = claim.rawValue
            return """
                SELECT j.id, j.job_id, j.cluster, j.restart, '\(column)', n.name, m.name
                FROM jobs j \(look) \(table) n ON n.id = j.claimed_\(column) \(look) \(table) m ON m.id = j.\(column)
                WHERE j.source = 1 AND j.claimed_\(column) <> j.\(column) AND j.claimed_\(column) <> 0
                    AND j.\(column) <> 0\(condition)
                """
        }
        return ([users] + others).joined(separator: " UNION ALL ")
    }

    private static let single = " AND j.het_group IS NULL"
}

extension ClaimReport {
    static let fields: [Field<Difference>] = [
        .text("job_id", heading: "job") { $0.jobID }, .text("cluster") { $0.cluster }, .count("restart") { $0.restart },
        .text("field") { $0.field.rawValue }, .text("claimed") { $0.claimed }, .text("slurm") { $0.actual },
    ]

    /// All of it; its table is that of the differences.
    public var answer: Answer {
        Answer(
            [
                JSON.Member("jobs_checked", .integer(jobsChecked)), JSON.Member("differing", .integer(differing)),
                JSON.Member("foreign_names", .integer(foreignNames)),
                JSON.Member("differences", Answer(differences, ClaimReport.fields).json),
            ], table: differences, ClaimReport.fields)
    }
}
