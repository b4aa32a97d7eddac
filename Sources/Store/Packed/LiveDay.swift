import Record

/// The usage of a day as the tables have it.
enum LiveDay {
    /// The most rows that are handed over at once.
    static let chunk = 65_536

    /// Hands over the day's runs, and what the daily sums have more than those: runs may have been pruned.
    ///
    /// - Parameter wanted: the columns that are needed; others may be there too.
    static func scan(
        _ connection: any SQLConnection, day: Int, _ wanted: [DayRows.Column],
        _ body: (DayRows) throws(StoreError) -> Void
    ) throws(StoreError) {
        let columns = wanted.contains(.processes) ? wanted : wanted + [.processes]
        var known: Int64 = 0
        try runs(connection, day: day, range(connection, of: day), columns) { (rows: DayRows) throws(StoreError) in
            for processes in rows[.processes] { known &+= processes }
            try body(rows)
        }
        if try hasMore(connection, day: day, than: known) { try remainder(connection, day: day, body) }
    }

    /// The condition on runs that they are of this day.
    static func range(_ connection: any SQLConnection, of day: Int, called name: String = "r") -> String {
        "\(name).run >= \(connection.dialect.runKey(beginning: day))"
            + (day < Int(UInt16.max) ? " AND \(name).run < \(connection.dialect.runKey(beginning: day + 1))" : "")
    }

    /// Hands over the runs called `r` of a day that meet a condition.
    static func runs(
        _ connection: any SQLConnection, day: Int, _ condition: String, _ columns: [DayRows.Column],
        _ body: (DayRows) throws(StoreError) -> Void
    ) throws(StoreError) {
        let join = columns.contains { $0.isOfJob } ? try jobs(connection, condition) : ""
        try rows(
            connection, day: day, columns,
            """
            SELECT \(columns.map { $0.sql(day: day) }.joined(separator: ", ")) FROM runs r \(join) WHERE \(condition)
            """, body)
    }

    /// How the jobs called `j` of the runs called `r` are found. PostgreSQL's planner, left alone, would read all jobs there are.
    private static func jobs(_ connection: any SQLConnection, _ condition: String) throws(StoreError) -> String {
        guard connection.dialect == .postgres else { return "LEFT JOIN jobs j ON j.id = r.job" }
        let row = try connection.query(
            "SELECT min(r.job), max(r.job), count(*) FROM runs r WHERE r.job <> 0 AND \(condition)"
        ).first
        let columns = "id, account, usr, num_nodes, elapsed_seconds"
        if connection.isInTransaction, let first = row?[0].integer, let last = row?[1].integer,
            let count = row?[2].integer,
            last - first < 8 * count
        {
            // most jobs began this day, one after the other
            try connection.run(script: "SET LOCAL enable_nestloop TO off; SET LOCAL enable_hashjoin TO on")
            return """
                LEFT JOIN (SELECT \(columns) FROM jobs WHERE id >= \(first) AND id <= \(last)) j ON j.id = r.job
                """
        }
        return "LEFT JOIN LATERAL (SELECT \(columns) FROM jobs WHERE id = r.job OFFSET 0) j ON true"
    }

    /// Whether the daily sums have more processes than those: of days that were pruned.
    static func hasMore(_ connection: any SQLConnection, day: Int, than known: Int64) throws(StoreError) -> Bool {
        let all = try connection.query(
            """
            SELECT CASE WHEN \(day) < pruned_before THEN (SELECT sum(processes) FROM usage_daily WHERE day = \(day)) END
            FROM epochs
            """
        ).first?[0].integer
        return all ?? 0 > known
    }

    /// Hands over what the daily sums have more than the runs.
    static func remainder(
        _ connection: any SQLConnection, day: Int, _ body: (DayRows) throws(StoreError) -> Void
    ) throws(StoreError) {
        func sums(_ table: String, _ condition: String) -> String {
            """
            (SELECT r.usr, r.stack, r.environment, r.flags & 3 AS flags, sum(r.processes) AS processes
            FROM \(table) r WHERE \(condition) GROUP BY r.usr, r.stack, r.environment, r.flags & 3)
            """
        }
        let start = Int64(day) * Calendar.microsecondsPerDay
        let columns = DayRows.Column.allCases.map { column in
            switch column {
            case .user: "d.usr"
            case .stack: "d.stack"
            case .environment: "d.environment"
            case .flags: "d.flags | \(DayRows.isRemainder)"
            case .processes: "CAST(d.processes - COALESCE(r.processes, 0) AS bigint)"
            case .nodes, .seconds: "-1"
            case .started, .lastSeen: "\(start)"
            case .job, .account, .owner, .exceptions, .signals, .killed: "0"
            }
        }
        try rows(
            connection, day: day, DayRows.Column.allCases,
            """
            SELECT \(columns.joined(separator: ", ")) FROM \(sums("usage_daily", "r.day = \(day)")) d
            LEFT JOIN \(sums("runs", range(connection, of: day))) r ON r.usr = d.usr AND r.stack = d.stack
                AND r.environment = d.environment AND r.flags = d.flags
            WHERE d.processes > COALESCE(r.processes, 0)
            """, body)
    }

    private static func rows(
        _ connection: any SQLConnection, day: Int, _ columns: [DayRows.Column], _ sql: String,
        _ body: (DayRows) throws(StoreError) -> Void
    ) throws(StoreError) {
        var rows = DayRows(day: day)
        try connection.integers(sql) { (values: UnsafeBufferPointer<Int64>) throws(StoreError) in
            rows.append(values, to: columns)
            if rows.count < chunk { return }
            try body(rows)
            rows = DayRows(day: day)
        }
        if rows.count > 0 { try body(rows) }
    }
}

extension DayRows.Column {
    fileprivate var isOfJob: Bool {
        switch self {
        case .account, .owner, .nodes, .seconds, .started, .lastSeen: true
        default: false
        }
    }

    /// The value of a run called `r` and its job called `j`, an integer that is never null.
    fileprivate func sql(day: Int) -> String {
        let start = Int64(day) * Calendar.microsecondsPerDay
        func time(_ column: String) -> String {
            "CASE WHEN r.job = 0 OR j.elapsed_seconds IS NOT NULL THEN \(start) ELSE r.\(column) END"
        }
        return switch self {
        case .job: "r.job"
        case .user: "r.usr"
        case .stack: "r.stack"
        case .environment: "r.environment"
        case .account: "COALESCE(j.account, 0)"
        case .owner: "COALESCE(j.usr, 0)"
        case .flags: "r.flags & 3"
        case .nodes: "COALESCE(j.num_nodes, -1)"
        case .seconds: "COALESCE(j.elapsed_seconds, -1)"
        case .started: time("started")
        case .lastSeen: time("last_seen")
        case .processes: "r.processes"
        case .exceptions: "r.exceptions"
        case .signals: "r.signals"
        case .killed: "r.killed"
        }
    }
}
