import Store

/// How the processes end that used a package.
public struct ProcessEnds: Sendable, Equatable {
    public struct Row: Sendable, Equatable {
        public let package: String
        public let processes: Int64
        public let exits: Int64
        public let exceptions: Int64
        public let signals: Int64
        public let killed: Int64
    }

    /// Most processes first.
    public let rows: [Row]

    public static func ask(
        _ connection: any SQLConnection, _ filter: UsageFilter, package: String? = nil, limit: Int? = nil
    ) throws(StoreError) -> ProcessEnds {
        let (condition, parameters) = filter.condition(in: connection.dialect)
        let named = package == nil ? "" : " AND p.name = ?"
        // the runs of a stack are added up before its packages are looked up: there are few stacks
        let told = filter.leastUsers > 0 ? try told(connection, filter) : nil
        let rows = try connection.query(
            """
            WITH ends AS (
                SELECT r.stack, sum(r.processes) AS processes, sum(r.exceptions) AS exceptions,
                    sum(r.signals) AS signals, sum(r.killed) AS killed
                FROM runs r WHERE true\(condition) GROUP BY r.stack)
            SELECT p.name, sum(e.processes) AS processes, sum(e.exceptions), sum(e.signals), sum(e.killed)
            FROM ends e JOIN stack_packages sp ON sp.stack = e.stack JOIN packages p ON p.id = sp.package
            WHERE true\(filter.packageCondition)\(named) GROUP BY p.name
            ORDER BY processes DESC, p.name
            """, parameters + (package.map { [.text($0)] } ?? []))
        return ProcessEnds(
            rows: rows.filter { told?.contains($0[0].text ?? "") ?? true }.limited(to: limit).map { row in
                let counts = row.dropFirst().map { $0.integer ?? 0 }
                return Row(
                    package: row[0].text ?? "", processes: counts[0],
                    exits: counts[0] - counts[1] - counts[2] - counts[3], exceptions: counts[1], signals: counts[2],
                    killed: counts[3])
            })
    }

    /// The packages of which enough users are known.
    private static func told(
        _ connection: any SQLConnection, _ filter: UsageFilter
    ) throws(StoreError) -> Set<String> {
        let grouping = UsageGrouping(
            columns: ["p.name"], joins: UsageGrouping.packages, condition: filter.packageCondition, countsJobs: false)
        return Set(try grouping.tallies(connection, filter).keys.map { $0[0].text ?? "" })
    }

    public var json: JSON {
        .array(
            rows.map {
                .object([
                    "package": .text($0.package), "processes": .integer($0.processes), "exit": .integer($0.exits),
                    "exception": .integer($0.exceptions), "signal": .integer($0.signals),
                    "killed": .integer($0.killed),
                ])
            })
    }
}
