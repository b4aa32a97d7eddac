import Record

/// Deletes the details of old usage: runs, their jobs, the counts of hosts, canaries and refused records.
///
/// Sums by day replace them, so that answers on users and processes stay the same. Of the jobs, counts by month remain
/// (`pruned_jobs`). Pruning goes day by day, each in a transaction of its own, so that daemons write in between; an
/// interrupted run is simply repeated. Jobs are deleted some weeks after their last run, because one may still run, and
/// daemons report a job's data only once.
public struct Pruning: Sendable, Equatable {
    /// The number of rows that were deleted, or would be.
    public var runs: Int64 = 0
    public var processes: Int64 = 0
    public var jobs: Int64 = 0
    public var canaryRecords: Int64 = 0
    public var quarantined: Int64 = 0

    /// The number of days for which a job may be silent and still run.
    public static let jobGraceDays = 30

    /// Counts the rows that would be deleted.
    ///
    /// - Parameters:
    ///   - day: the first day to keep, counted from 1970-01-01 UTC.
    ///   - today: counted in the same way.
    public static func preview(
        _ connection: any SQLConnection, before day: Int, today: Int
    ) throws(StoreError) -> Pruning {
        let end = connection.dialect.runKey(beginning: day)
        let jobDay = min(day, today - jobGraceDays)
        let moment = Int64(day) * Calendar.microsecondsPerDay
        let row = try connection.query(
            """
            SELECT (SELECT count(*) FROM runs WHERE run < \(end)),
                (SELECT sum(processes) FROM runs WHERE run < \(end)),
                (SELECT count(*) FROM (\(JobsWithoutRuns.select(
                    isSilent(since: jobDay), runs: "r.run >= \(connection.dialect.runKey(beginning: jobDay))"))) gone),
                (SELECT count(*) FROM \(canaryRecords(before: moment))),
                (SELECT count(*) FROM quarantine WHERE noticed < \(moment))
            """
        ).first
        var pruning = Pruning()
        pruning.runs = row?[0].integer ?? 0
        pruning.processes = row?[1].integer ?? 0
        pruning.jobs = row?[2].integer ?? 0
        pruning.canaryRecords = row?[3].integer ?? 0
        pruning.quarantined = row?[4].integer ?? 0
        return pruning
    }

    /// Deletes the rows.
    ///
    /// - Parameters:
    ///   - day: as for `preview`.
    ///   - progress: called now and then with the number of finished days and of all days.
    public static func run(
        _ connection: any SQLConnection, before day: Int, today: Int, progress: (Int, Int) -> Void
    ) throws(StoreError) -> Pruning {
        var pruning = Pruning()
        let jobDay = min(day, today - jobGraceDays)
        let first = try nextDay(connection, from: 0) ?? day
        try connection.run(
            script: """
                CREATE TEMP TABLE IF NOT EXISTS later_runs (
                    job integer NOT NULL, stack integer NOT NULL, environment integer NOT NULL, flags integer NOT NULL,
                    PRIMARY KEY (job, stack, environment, flags))
                """)
        for month in try connection.dialect.months(before: day, on: connection) {
            let (runs, processes) = try prune(connection, month, notesJobsFrom: jobDay)
            pruning.runs += runs
            pruning.processes += processes
            progress(month.nextDay - first, day - first)
        }
        // days outside of the tables of months, and days of a table that was busy
        var next = try nextDay(connection, from: 0)
        while let current = next, current < day {
            let (runs, processes) = try connection.transaction { () throws(StoreError) -> (Int64, Int64) in
                try prune(connection, day: current, notesJobs: current >= jobDay)
            }
            pruning.runs += runs
            pruning.processes += processes
            progress(current + 1 - first, day - first)
            next = try nextDay(connection, from: current + 1)
        }
        pruning.jobs = try pruneJobs(connection, silentSince: jobDay)
        let moment = Int64(day) * Calendar.microsecondsPerDay
        // a canary batch without its records would count as lost
        pruning.canaryRecords = try connection.transaction { () throws(StoreError) -> Int64 in
            let records = try delete(connection, canaryRecords(before: moment), "seq")
            try connection.query("DELETE FROM canary_runs WHERE submitted < \(moment)")
            return records
        }
        try connection.query("DELETE FROM host_days WHERE day < \(day)")
        pruning.quarantined = try delete(connection, "quarantine WHERE noticed < \(moment)", "id")
        return pruning
    }

    /// Includes the records of batches that are deleted, whenever they arrived.
    private static func canaryRecords(before moment: Int64) -> String {
        """
        canary_records WHERE received < \(moment)
            OR run IN (SELECT run FROM canary_runs WHERE submitted < \(moment))
        """
    }

    /// The first day with runs, from this one on.
    private static func nextDay(_ connection: any SQLConnection, from day: Int) throws(StoreError) -> Int? {
        let start = connection.dialect.runKey(beginning: day)
        return try connection.query("SELECT day FROM runs WHERE run >= \(start) ORDER BY run LIMIT 1").first?[0].integer
            .map { Int($0) }
    }

    /// Removes a month that has a table of its own. If the table is in constant use, nothing happens: then it is
    /// emptied day by day, like others, and dropped when it is pruned the next time.
    private static func prune(
        _ connection: any SQLConnection, _ month: CalendarMonth, notesJobsFrom jobDay: Int
    ) throws(StoreError) -> (Int64, Int64) {
        do {
            return try connection.transaction { () throws(StoreError) -> (Int64, Int64) in
                var sum: (Int64, Int64) = (0, 0)
                var next = try nextDay(connection, from: month.firstDay)
                while let current = next, current < month.nextDay {
                    let (runs, processes) = try keep(connection, day: current, notesJobs: current >= jobDay)
                    try connection.query(sums(of: "FROM runs WHERE \(range(connection, of: current))"))
                    sum = (sum.0 + runs, sum.1 + processes)
                    try PackedDays.forget([current], on: connection)
                    next = try nextDay(connection, from: current + 1)
                }
                try connection.dialect.drop(month, runs: sum.0, processes: sum.1, on: connection)
                return sum
            }
        } catch {
            guard case .busy = error else { throw error }
            return (0, 0)
        }
    }

    private static func prune(
        _ connection: any SQLConnection, day: Int, notesJobs: Bool
    ) throws(StoreError) -> (Int64, Int64) {
        let sum = try keep(connection, day: day, notesJobs: notesJobs)
        try connection.dialect.prune(
            runs: "FROM runs WHERE \(range(connection, of: day))", sums: sums(of:), on: connection)
        try PackedDays.forget([day], on: connection)
        return sum
    }

    /// The statement that adds runs to the sums by day.
    ///
    /// - Parameter runs: the FROM clause and the rest of the query.
    private static func sums(of runs: String) -> String {
        let key = "day, cluster, usr, stack, environment, size_class, flags"
        return """
            INSERT INTO pruned_usage (\(key), processes) SELECT \(key), sum(processes) \(runs) GROUP BY \(key)
            ON CONFLICT (\(key)) DO UPDATE SET processes = pruned_usage.processes + excluded.processes
            """
    }

    private static func range(_ connection: any SQLConnection, of day: Int) -> String {
        "run >= \(connection.dialect.runKey(beginning: day)) AND run < \(connection.dialect.runKey(beginning: day + 1))"
    }

    /// Keeps the sums of the day's runs.
    ///
    /// - Returns: the number of runs and processes.
    private static func keep(
        _ connection: any SQLConnection, day: Int, notesJobs: Bool
    ) throws(StoreError) -> (Int64, Int64) {
        let range = range(connection, of: day)
        try noteLaterRuns(connection, day: day, range: range)
        // a day's jobs are few of all jobs, so they are looked up one by one
        try connection.dialect.lookingUp(on: connection) { () throws(StoreError) in
            for direct in [0, 1] {
                for vouched in [false, true] {
                    try keepJobs(connection, day: day, range: range, direct: direct, vouched: vouched)
                }
            }
        }
        if notesJobs {
            try connection.query(
                "UPDATE jobs SET last_pruned = \(day) WHERE id IN (SELECT job FROM runs WHERE \(range))")
        }
        let row = try connection.query("SELECT count(*), sum(processes) FROM runs WHERE \(range)").first
        return (row?[0].integer ?? 0, row?[1].integer ?? 0)
    }

    /// Notes the packages that the day's jobs used later in the month.
    private static func noteLaterRuns(_ connection: any SQLConnection, day: Int, range: String) throws(StoreError) {
        let nextMonth = CalendarMonth(containing: day).nextDay
        try connection.query("DELETE FROM later_runs")
        try connection.query(
            """
            INSERT INTO later_runs (job, stack, environment, flags)
            SELECT DISTINCT l.job, l.stack, l.environment, l.flags & 7 FROM runs l
            WHERE l.run >= \(connection.dialect.runKey(beginning: day + 1))
                AND l.run < \(connection.dialect.runKey(beginning: nextMonth))
                AND l.job IN (SELECT job FROM runs WHERE job <> 0 AND \(range))
            """)
    }

    /// Adds the day's jobs to the counts by month. A job is added with the last of its days in the month.
    ///
    /// - Parameters:
    ///   - direct: 1 to count jobs in which the user's own code imported the package, 0 for all.
    ///   - vouched: whether to count those with vouched usage of it, under a flag of their own, or all.
    private static func keepJobs(
        _ connection: any SQLConnection, day: Int, range: String, direct: Int, vouched: Bool
    ) throws(StoreError) {
        func used(_ alias: String) -> String { direct == 1 ? " AND \(alias).direct = 1" : "" }
        func isVouched(_ alias: String) -> String { vouched ? " AND (\(alias).flags & 4) = 4" : "" }
        func flags(_ alias: String) -> String { "(\(alias).flags & 3)\(vouched ? " + 4" : "")" }
        let look = connection.dialect.lookUp
        try connection.query(
            """
            INSERT INTO pruned_jobs (month, package, system, account, flags, direct, jobs)
            SELECT m.first_day, u.package, u.system, u.account, u.flags, \(direct), count(*)
            FROM (
                SELECT DISTINCT sp.package, r.job, e.system, j.account, \(flags("r")) AS flags
                FROM runs r \(look) stack_packages sp ON sp.stack = r.stack
                    \(look) environments e ON e.id = r.environment \(look) jobs j ON j.id = r.job
                WHERE \(range)\(used("sp"))\(isVouched("r"))) u
                JOIN months m ON m.first_day <= \(day) AND m.next_day > \(day)
            WHERE NOT EXISTS (
                SELECT 1 FROM later_runs l \(look) stack_packages lp ON lp.stack = l.stack
                    \(look) environments le ON le.id = l.environment
                WHERE l.job = u.job AND lp.package = u.package AND le.system = u.system
                    AND \(flags("l")) = u.flags\(used("lp"))\(isVouched("l")))
            GROUP BY m.first_day, u.package, u.system, u.account, u.flags
            ON CONFLICT (month, package, system, account, flags, direct)
            DO UPDATE SET jobs = pruned_jobs.jobs + excluded.jobs
            """)
    }

    /// Deletes jobs whose runs are all gone. During the search no writer may add a run to one. Writers wait, about a
    /// second for a million runs, and journals keep new messages.
    private static func pruneJobs(_ connection: any SQLConnection, silentSince day: Int) throws(StoreError) -> Int64 {
        let doomed = JobsWithoutRuns.select(isSilent(since: day), runs: "true")
        // without such rows there is no need for the write lock
        if try connection.query("\(doomed) LIMIT 1").isEmpty { return 0 }
        return try connection.transaction { () throws(StoreError) -> Int64 in
            try NameEpoch.begin(connection)
            return try delete(connection, "jobs WHERE id IN (\(doomed))", "id")
        }
    }

    /// Neither Slurm nor pruned runs show a sign of life of the job from this day on.
    private static func isSilent(since day: Int) -> String {
        """
        COALESCE(j.end_time, j.start_time, j.submit_time, 0) < \(Int64(day) * Calendar.microsecondsPerDay)
            AND COALESCE(j.last_pruned, 0) < \(day)
        """
    }

    private static func delete(
        _ connection: any SQLConnection, _ rows: String, _ column: String
    ) throws(StoreError) -> Int64 {
        Int64(try connection.query("DELETE FROM \(rows) RETURNING \(column)").count)
    }
}
