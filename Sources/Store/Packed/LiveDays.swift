import Record

/// The usage of days as the tables have it.
enum LiveDays {
    /// The largest number of rows that are delivered at once, and of rows of all days that wait for delivery.
    private static let chunk = 65_536
    private static let mostWaiting = 4 * chunk

    /// Calls `body` with the runs of a few days, and the sums of pruned ones.
    ///
    /// - Parameters:
    ///   - days: counted from 1970-01-01 UTC.
    ///   - wanted: the columns that are needed; others may be there too.
    static func scan(
        _ connection: any SQLConnection, _ days: ClosedRange<Int>, _ wanted: [DayRows.Column],
        _ body: (DayRows) throws(StoreError) -> Void
    ) throws(StoreError) {
        try runs(connection, range(connection, of: days), wanted, body)
        try pruned(connection, days, body)
    }

    /// The condition that selects runs of these days.
    static func range(_ connection: any SQLConnection, of days: ClosedRange<Int>, called name: String = "r") -> String {
        let end = days.upperBound + 1
        return "\(name).run >= \(connection.dialect.runKey(beginning: days.lowerBound))"
            + (end <= Int(UInt16.max) ? " AND \(name).run < \(connection.dialect.runKey(beginning: end))" : "")
    }

    /// Calls `body` with the runs called `r` that meet a condition.
    static func runs(
        _ connection: any SQLConnection, _ condition: String, _ columns: [DayRows.Column],
        _ body: (DayRows) throws(StoreError) -> Void
    ) throws(StoreError) {
        let join =
            columns.contains { $0.isOfJob } ? try connection.dialect.joinJobs(ofRuns: condition, on: connection) : ""
        let states = columns.contains(.state) ? "LEFT JOIN job_states w ON w.name = j.state" : ""
        try rows(
            connection, columns,
            """
            SELECT r.day, \(columns.map { $0.sql }.joined(separator: ", ")) FROM runs r \(join) \(states)
            WHERE \(condition)
            """, body)
    }

    /// Calls `body` with the sums of pruned runs of these days.
    static func pruned(
        _ connection: any SQLConnection, _ days: ClosedRange<Int>, _ body: (DayRows) throws(StoreError) -> Void
    ) throws(StoreError) {
        let columns = DayRows.Column.allCases.map { column in
            switch column {
            case .user: "p.usr"
            case .stack: "p.stack"
            case .environment: "p.environment"
            case .flags: "p.flags | \(DayRows.isPruned)"
            case .processes: "p.processes"
            case .nodes, .seconds, .cpus, .gpus: "-1"
            case .started, .lastSeen: startOfDay("p.day")
            case .job, .account, .owner, .exceptions, .signals, .killed, .partition, .qos, .state, .program:
                "0"
            }
        }
        try rows(
            connection, DayRows.Column.allCases,
            """
            SELECT p.day, \(columns.joined(separator: ", ")) FROM (
                SELECT r.day, r.usr, r.stack, r.environment, \(DayRows.flags) AS flags,
                    CAST(sum(r.processes) AS bigint) AS processes
                FROM pruned_usage r WHERE r.day >= \(days.lowerBound) AND r.day <= \(days.upperBound)
                GROUP BY r.day, r.usr, r.stack, r.environment, \(DayRows.flags)) p
            ORDER BY p.day
            """, body)
    }

    /// Microseconds since 1970 UTC.
    fileprivate static func startOfDay(_ day: String) -> String {
        "CAST(\(day) AS bigint) * \(Calendar.microsecondsPerDay)"
    }

    /// - Parameter sql: a query of days and `columns`.
    private static func rows(
        _ connection: any SQLConnection, _ columns: [DayRows.Column], _ sql: String,
        _ body: (DayRows) throws(StoreError) -> Void
    ) throws(StoreError) {
        // rows come mostly in the order of days
        var others: [Int: DayRows] = [:]
        var rows = DayRows(day: 0)
        var waiting = 0
        try connection.integers(sql, atOnce: false) { (values: UnsafeBufferPointer<Int64>) throws(StoreError) in
            let day = Int(values[0])
            if day != rows.day {
                if rows.count > 0 { others[rows.day] = rows }
                rows = others.removeValue(forKey: day) ?? DayRows(day: day)
            }
            rows.append(UnsafeBufferPointer(rebasing: values.dropFirst()), to: columns)
            waiting += 1
            if waiting >= mostWaiting {
                for some in others.values { try body(some) }
                others = [:]
                waiting = rows.count
            }
            if rows.count >= chunk {
                try body(rows)
                waiting -= rows.count
                rows = DayRows(day: day)
            }
        }
        for some in others.values { try body(some) }
        if rows.count > 0 { try body(rows) }
    }
}

extension DayRows.Column {
    fileprivate var isOfJob: Bool {
        switch self {
        case .account, .owner, .nodes, .seconds, .started, .lastSeen, .partition, .qos, .state, .cpus, .gpus: true
        default: false
        }
    }

    /// The value of a run called `r` and its job called `j`, an integer that is never null.
    fileprivate var sql: String {
        func time(_ column: String) -> String {
            let isWholeDay = "r.job = 0 OR j.elapsed_seconds IS NOT NULL"
            return "CASE WHEN \(isWholeDay) THEN \(LiveDays.startOfDay("r.day")) ELSE r.\(column) END"
        }
        return switch self {
        case .job: "r.job"
        case .user: "r.usr"
        case .stack: "r.stack"
        case .environment: "r.environment"
        case .account: "COALESCE(j.account, 0)"
        case .owner: "COALESCE(j.usr, 0)"
        case .flags: DayRows.flags
        case .nodes: "COALESCE(j.num_nodes, -1)"
        case .seconds: "COALESCE(j.elapsed_seconds, -1)"
        case .started: time("started")
        case .lastSeen: time("last_seen")
        case .processes: "r.processes"
        case .exceptions: "COALESCE(r.exceptions, 0)"
        case .signals: "COALESCE(r.signals, 0)"
        case .killed: "COALESCE(r.killed, 0)"
        case .partition: "COALESCE(j.partition, 0)"
        case .qos: "COALESCE(j.qos, 0)"
        case .state: "COALESCE(w.id, 0)"
        case .cpus: "COALESCE(j.alloc_cpus, -1)"
        case .gpus: "COALESCE(j.gpus, -1)"
        case .program: "r.program"
        }
    }
}
