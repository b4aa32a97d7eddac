import Store

/// Jobs by their number of nodes, each job once: the second figure of the SciPy 2021 paper.
public struct JobSizes: Sendable, Equatable {
    public struct Row: Sendable, Equatable {
        /// nil where nobody said.
        public let nodes: Int64?
        public let jobs: Int64
    }

    public let rows: [Row]

    /// - Parameter package: only jobs in which it was used.
    public static func ask(
        _ connection: any SQLConnection, _ filter: UsageFilter, package: String? = nil, limit: Int? = nil
    ) throws(StoreError) -> JobSizes {
        let (condition, parameters) = filter.condition(in: connection.dialect)
        let used = package == nil && !filter.onlyDirect ? "" : " AND r.stack IN (\(stacks(package, filter)))"
        let suppressed = filter.leastUsers > 0 ? " HAVING count(DISTINCT NULLIF(j.usr, 0)) >= \(filter.leastUsers)" : ""
        let rows = try connection.query(
            """
            SELECT j.num_nodes, count(*) FROM jobs j
            WHERE j.id IN (SELECT r.job FROM runs r WHERE r.job <> 0\(used)\(condition))
            GROUP BY j.num_nodes\(suppressed) ORDER BY COALESCE(j.num_nodes, -1)\(limit.map { " LIMIT \($0)" } ?? "")
            """, (package.map { [.text($0)] } ?? []) + parameters)
        return JobSizes(rows: rows.map { Row(nodes: $0[0].integer, jobs: $0[1].integer ?? 0) })
    }

    private static func stacks(_ package: String?, _ filter: UsageFilter) -> String {
        let named = package == nil ? "" : " AND p.name = ?"
        return """
            SELECT sp.stack FROM stack_packages sp JOIN packages p ON p.id = sp.package
            WHERE true\(named)\(filter.packageCondition)
            """
    }

    public var json: JSON {
        .array(rows.map { .object(["nodes": .integer($0.nodes), "jobs": .integer($0.jobs)]) })
    }
}
