extension Schema {
    /// Names in the place of numbers. Runs come first in each join: by nothing else are there few of them. A database
    /// leaves out a dictionary behind LEFT JOIN where a statement does not use it.
    static let views = """
        CREATE VIEW named_runs AS
            SELECT r.run, {date} AS day, r.first_seen, r.last_seen, r.started, NULLIF(c.name, '') AS cluster,
                NULLIF(r.job, 0) AS job, j.job_id, j.restart, j.recurrence, NULLIF(s.name, '') AS step,
                NULLIF(r.usr, 0) AS person,
                NULLIF(CASE WHEN r.day < u.named_from THEN u.pseudonym ELSE u.name END, '') AS username,
                NULLIF(a.name, '') AS account, j.num_nodes, j.elapsed_seconds, NULLIF(x.name, '') AS executable,
                m.name AS program, NULLIF(e.prefix, '') AS prefix, NULLIF(e.python, '') AS python,
                NULLIF(e.implementation, '') AS implementation, NULLIF(e.container, '') AS container,
                e.kind, NULLIF(e.system, '') AS system, r.flags & 1 AS compute, (r.flags & 2) / 2 AS staff, r.stack,
                r.processes, COALESCE(r.exceptions, 0) AS exceptions, COALESCE(r.signals, 0) AS signals,
                COALESCE(r.killed, 0) AS killed, (r.flags & 4) / 4 AS vouched, NULLIF(y.name, '') AS relay,
                {first_seen_at} AS first_seen_at, {last_seen_at} AS last_seen_at, {started_at} AS started_at,
                NULLIF(h.name, '') AS host, NULLIF(e.subsystem, '') AS subsystem, NULLIF(t.name, '') AS partition,
                NULLIF(q.name, '') AS qos, j.state, j.exit_code, j.num_tasks, j.alloc_cpus, j.gpus
            FROM runs r {names} clusters c ON c.id = r.cluster {names} steps s ON s.id = r.step
                {names} users u ON u.id = r.usr
                {names} executables x ON x.id = r.executable {names} programs m ON m.id = r.program
                {names} environments e ON e.id = r.environment {names} relays y ON y.id = COALESCE(r.relay, 0)
                LEFT JOIN hosts h ON h.id = r.host
                LEFT JOIN jobs j ON j.id = r.job LEFT JOIN accounts a ON a.id = j.account
                LEFT JOIN partitions t ON t.id = j.partition LEFT JOIN qoses q ON q.id = j.qos;
        CREATE VIEW named_packages AS
            SELECT n.*, p.name AS package, sp.version, sp.direct
            FROM named_runs n {look} stack_packages sp ON sp.stack = n.stack {look} packages p ON p.id = sp.package;
        CREATE VIEW named_days AS
            SELECT {date} AS day, NULLIF(r.usr, 0) AS person,
                NULLIF(CASE WHEN r.day < u.named_from THEN u.pseudonym ELSE u.name END, '') AS username,
                NULLIF(e.prefix, '') AS prefix, NULLIF(e.python, '') AS python,
                NULLIF(e.implementation, '') AS implementation, NULLIF(e.container, '') AS container,
                NULLIF(e.system, '') AS system, NULLIF(e.subsystem, '') AS subsystem, r.flags & 1 AS compute,
                (r.flags & 2) / 2 AS staff, r.stack, p.name AS package, sp.version, sp.direct, r.processes,
                (r.flags & 4) / 4 AS vouched
            FROM (
                SELECT a.day, a.usr, a.stack, a.environment, a.flags & 7 AS flags,
                    CAST(sum(a.processes) AS {int}) AS processes
                FROM (
                    SELECT day, usr, stack, environment, flags, processes FROM runs
                    UNION ALL SELECT day, usr, stack, environment, flags, processes FROM pruned_usage) a
                GROUP BY a.day, a.usr, a.stack, a.environment, a.flags & 7) r
                {names} users u ON u.id = r.usr {names} environments e ON e.id = r.environment
                {look} stack_packages sp ON sp.stack = r.stack {look} packages p ON p.id = sp.package;
        CREATE VIEW named_hosts AS
            SELECT {date} AS day, h.name AS host, r.records, r.first_seen, r.last_seen,
                {first_seen_at} AS first_seen_at, {last_seen_at} AS last_seen_at
            FROM host_days r {names} hosts h ON h.id = r.host;
        {published}
            SELECT r.month, p.name AS package, count(DISTINCT r.usr) / 5 * 5 AS users
            FROM (
                SELECT DISTINCT m.month, a.usr, a.stack
                FROM (
                    SELECT day, usr, stack, flags FROM runs UNION ALL SELECT day, usr, stack, flags FROM pruned_usage) a
                    JOIN months m ON a.day >= m.first_day AND a.day < m.next_day
                WHERE (a.flags & 6) = 4 AND a.usr <> 0) r
                {look} stack_packages sp ON sp.stack = r.stack {look} packages p ON p.id = sp.package
            GROUP BY r.month, p.name HAVING count(DISTINCT r.usr) >= 5
        {published end};
        """
}
