import Record

/// The tables that PostgreSQL keeps runs in: one for each month that was made ahead of time, and `runs_rest` for
/// all others.
///
/// A month that is pruned goes as a whole. Records of months long ago, from archives or from clocks that are wrong,
/// are in the rest: no sender can make the store have a table for every month that there ever was.
enum RunPartitions {
    /// The number of months ahead of the current one.
    private static let ahead = 2

    /// Creates the missing tables of this month and the next ones.
    static func makeAhead(_ connection: any SQLConnection) throws(StoreError) {
        let now = try connection.query("SELECT \(connection.dialect.now)").first?[0].integer ?? 0
        let known = try tables(connection)
        var month = CalendarMonth(containing: Int(now / 86_400))
        for _ in 0...ahead {
            if !known.contains(table(of: month)) { try make(month, on: connection) }
            month = CalendarMonth(containing: month.nextDay)
        }
    }

    /// The months before a day that have tables of their own, in order.
    static func months(_ connection: any SQLConnection, before day: Int) throws(StoreError) -> [CalendarMonth] {
        var months: [CalendarMonth] = []
        for table in try tables(connection) {
            let numbers = table.split(separator: "_").compactMap { Int($0) }
            guard numbers.count == 2, (1...12).contains(numbers[1]) else { continue }
            let month = CalendarMonth(containing: Calendar.days(year: numbers[0], month: numbers[1], day: 1))
            if month.nextDay <= day { months.append(month) }
        }
        return months.sorted { $0.firstDay < $1.firstDay }
    }

    /// Drops a month's table, within a transaction.
    ///
    /// - Throws: `StoreError.busy` if it has other numbers of runs and processes than these, or if it is in use for
    ///   more than half a second, because waiting here makes others wait.
    static func drop(
        _ month: CalendarMonth, runs: Int64, processes: Int64, on connection: any SQLConnection
    ) throws(StoreError) {
        let table = table(of: month)
        // locks out all others from the table, and from planning queries over all tables
        try connection.run(
            script: "SET LOCAL lock_timeout TO '500ms'; LOCK TABLE ONLY runs, \(table) IN ACCESS EXCLUSIVE MODE")
        let left = try connection.query("SELECT count(*), COALESCE(sum(processes), 0) FROM \(table)").first
        // late records have not been kept
        guard left?[0].integer == runs, left?[1].integer == processes else { throw .busy("late records came") }
        try connection.run(script: "DROP TABLE \(table)")
    }

    /// `runs_2026_11`
    private static func table(of month: CalendarMonth) -> String {
        "runs_" + Calendar.text(day: month.firstDay).prefix(7).replacing("-", with: "_")
    }

    private static func tables(_ connection: any SQLConnection) throws(StoreError) -> Set<String> {
        let rows = try connection.query(
            """
            SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
            WHERE i.inhparent = CAST('customs.runs' AS regclass)
            """)
        return Set(rows.compactMap { $0[0].text })
    }

    /// Creates a month's table. If the rest has rows of the month already, all of it stays there.
    private static func make(_ month: CalendarMonth, on connection: any SQLConnection) throws(StoreError) {
        let table = table(of: month)
        let first = connection.dialect.runKey(beginning: month.firstDay)
        let next = connection.dialect.runKey(beginning: month.nextDay)
        try connection.transaction { () throws(StoreError) in
            // the rest is searched for rows of this month: no writer may add one meanwhile
            try connection.run(
                script: "SET LOCAL lock_timeout TO '500ms'; LOCK TABLE runs_rest IN SHARE ROW EXCLUSIVE MODE")
            // another daemon may have been faster
            if try tables(connection).contains(table) { return }
            let used = try connection.query("SELECT 1 FROM runs_rest WHERE run >= \(first) AND run < \(next) LIMIT 1")
            if !used.isEmpty { return }
            try connection.run(
                script: """
                    CREATE TABLE \(table) (LIKE runs);
                    ALTER TABLE runs ATTACH PARTITION \(table) FOR VALUES FROM (\(first)) TO (\(next));
                    SET LOCAL lock_timeout TO DEFAULT
                    """)
        }
    }
}
