/// What a batch writes is as little as it can be: each byte and each index of a run or a job is paid for by every record of its own.
extension Schema {
    /// Sums by day are made when runs are pruned and not when they come. Runs have no index by job, for their keys begin with the
    /// day and the number of the job. What is 0 for most takes no room.
    static let version6 = """
        CREATE TABLE pruned_usage (
            day {small} NOT NULL, cluster {small} NOT NULL, usr {small} NOT NULL, stack {small} NOT NULL,
            environment {small} NOT NULL, size_class {small} NOT NULL, flags {small} NOT NULL,
            processes {int} NOT NULL,
            PRIMARY KEY (day, cluster, usr, stack, environment, size_class, flags)) {rowid};
        INSERT INTO pruned_usage
            SELECT d.day, d.cluster, d.usr, d.stack, d.environment, d.size_class, d.flags,
                d.processes - COALESCE(r.processes, 0)
            FROM usage_daily d LEFT JOIN (
                SELECT day, cluster, usr, stack, environment, size_class, flags, sum(processes) AS processes FROM runs
                WHERE day < (SELECT pruned_before FROM epochs)
                GROUP BY day, cluster, usr, stack, environment, size_class, flags) r
                ON r.day = d.day AND r.cluster = d.cluster AND r.usr = d.usr AND r.stack = d.stack
                    AND r.environment = d.environment AND r.size_class = d.size_class AND r.flags = d.flags
            WHERE d.day < (SELECT pruned_before FROM epochs) AND d.processes > COALESCE(r.processes, 0);
        DROP VIEW public_packages;
        DROP VIEW named_days;
        DROP VIEW named_packages;
        DROP VIEW named_runs;
        DROP TABLE usage_daily;
        ALTER TABLE epochs DROP COLUMN pruned_before;
        ALTER TABLE packed_days ADD COLUMN first_job {int};
        ALTER TABLE packed_days ADD COLUMN last_job {int};
        DROP INDEX jobs_open;
        DROP INDEX runs_job;
        {slim}
        CREATE INDEX jobs_open ON jobs (due) WHERE settled = 0;
        UPDATE jobs SET claimed_usr = CASE WHEN source = 1 THEN NULLIF(claimed_usr, 0) END,
            claimed_account = CASE WHEN source = 1 THEN NULLIF(claimed_account, 0) END,
            claimed_qos = CASE WHEN source = 1 THEN NULLIF(claimed_qos, 0) END,
            claimed_partition = CASE WHEN source = 1 THEN NULLIF(claimed_partition, 0) END;
        \(views)
        """

    static let slimPostgres = """
        ALTER TABLE runs ALTER size_class TYPE smallint, ALTER flags TYPE smallint, ALTER ranks DROP NOT NULL,
            ALTER exceptions DROP NOT NULL, ALTER signals DROP NOT NULL, ALTER killed DROP NOT NULL;
        ALTER TABLE jobs ALTER claimed_usr DROP NOT NULL, ALTER claimed_usr DROP DEFAULT,
            ALTER claimed_account DROP NOT NULL, ALTER claimed_account DROP DEFAULT,
            ALTER claimed_qos DROP NOT NULL, ALTER claimed_qos DROP DEFAULT,
            ALTER claimed_partition DROP NOT NULL, ALTER claimed_partition DROP DEFAULT;
        """

    /// A column that may be null from now on is one of a new table.
    static let slimSQLite = """
        CREATE TABLE slim_runs (
            run BLOB NOT NULL PRIMARY KEY, first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL,
            started INTEGER NOT NULL,
            day INTEGER NOT NULL, cluster INTEGER NOT NULL, job INTEGER NOT NULL, step INTEGER NOT NULL,
            usr INTEGER NOT NULL, executable INTEGER NOT NULL, program INTEGER NOT NULL, stack INTEGER NOT NULL,
            environment INTEGER NOT NULL, host INTEGER NOT NULL, size_class INTEGER NOT NULL, flags INTEGER NOT NULL,
            processes INTEGER NOT NULL, ranks INTEGER, exceptions INTEGER, signals INTEGER, killed INTEGER) WITHOUT ROWID;
        INSERT INTO slim_runs SELECT * FROM runs;
        DROP TABLE runs;
        ALTER TABLE slim_runs RENAME TO runs;
        CREATE TABLE slim_jobs (
            id INTEGER PRIMARY KEY, cluster INTEGER NOT NULL, job_id TEXT NOT NULL, restart INTEGER NOT NULL,
            usr INTEGER NOT NULL DEFAULT 0, account INTEGER NOT NULL DEFAULT 0, qos INTEGER NOT NULL DEFAULT 0,
            partition INTEGER NOT NULL DEFAULT 0, num_nodes INTEGER, num_tasks INTEGER,
            array_job_id INTEGER, array_task_id INTEGER, het_group INTEGER,
            name TEXT, node_list TEXT, state TEXT, exit_code TEXT,
            submit_time INTEGER, start_time INTEGER, end_time INTEGER, elapsed_seconds INTEGER,
            time_limit_seconds INTEGER, source INTEGER NOT NULL DEFAULT 0, last_pruned INTEGER, uid INTEGER,
            claimed_usr INTEGER, claimed_account INTEGER, claimed_qos INTEGER, claimed_partition INTEGER,
            settled INTEGER NOT NULL DEFAULT 0, attempts INTEGER NOT NULL DEFAULT 0, due INTEGER NOT NULL DEFAULT 0,
            UNIQUE (job_id, cluster, restart));
        INSERT INTO slim_jobs SELECT * FROM jobs;
        DROP TABLE jobs;
        ALTER TABLE slim_jobs RENAME TO jobs;
        """

    /// Names in the place of numbers.
    private static let views = """
        CREATE VIEW named_runs AS
            SELECT r.run, {date} AS day, r.first_seen, r.last_seen, r.started, NULLIF(c.name, '') AS cluster,
                NULLIF(r.job, 0) AS job, j.job_id, j.restart, NULLIF(s.name, '') AS step, NULLIF(r.usr, 0) AS person,
                NULLIF(CASE WHEN r.day < u.named_from THEN u.pseudonym ELSE u.name END, '') AS username,
                NULLIF(a.name, '') AS account, j.num_nodes, j.elapsed_seconds, NULLIF(x.name, '') AS executable,
                m.name AS program, NULLIF(e.prefix, '') AS prefix, NULLIF(e.python, '') AS python,
                NULLIF(e.implementation, '') AS implementation, NULLIF(e.container, '') AS container,
                NULLIF(e.system, '') AS system, r.flags & 1 AS compute, (r.flags & 2) / 2 AS staff, r.stack,
                r.processes, COALESCE(r.exceptions, 0) AS exceptions, COALESCE(r.signals, 0) AS signals,
                COALESCE(r.killed, 0) AS killed
            FROM runs r JOIN clusters c ON c.id = r.cluster JOIN steps s ON s.id = r.step JOIN users u ON u.id = r.usr
                JOIN executables x ON x.id = r.executable JOIN programs m ON m.id = r.program
                JOIN environments e ON e.id = r.environment
                LEFT JOIN jobs j ON j.id = r.job LEFT JOIN accounts a ON a.id = j.account;
        CREATE VIEW named_packages AS
            SELECT n.*, p.name AS package, sp.version, sp.direct
            FROM named_runs n JOIN stack_packages sp ON sp.stack = n.stack JOIN packages p ON p.id = sp.package;
        CREATE VIEW named_days AS
            SELECT {date} AS day, NULLIF(r.usr, 0) AS person,
                NULLIF(CASE WHEN r.day < u.named_from THEN u.pseudonym ELSE u.name END, '') AS username,
                NULLIF(e.prefix, '') AS prefix, NULLIF(e.python, '') AS python,
                NULLIF(e.implementation, '') AS implementation, NULLIF(e.container, '') AS container,
                NULLIF(e.system, '') AS system, r.flags & 1 AS compute, (r.flags & 2) / 2 AS staff, r.stack,
                p.name AS package, sp.version, sp.direct, r.processes
            FROM (
                SELECT a.day, a.usr, a.stack, a.environment, a.flags & 3 AS flags, CAST(sum(a.processes) AS {int}) AS processes
                FROM (
                    SELECT day, usr, stack, environment, flags, processes FROM runs
                    UNION ALL SELECT day, usr, stack, environment, flags, processes FROM pruned_usage) a
                GROUP BY a.day, a.usr, a.stack, a.environment, a.flags & 3) r
                JOIN users u ON u.id = r.usr JOIN environments e ON e.id = r.environment
                JOIN stack_packages sp ON sp.stack = r.stack JOIN packages p ON p.id = sp.package;
        CREATE VIEW public_packages AS
            SELECT r.month, p.name AS package, count(DISTINCT r.usr) AS users
            FROM (
                SELECT DISTINCT m.month, a.usr, a.stack
                FROM (
                    SELECT day, usr, stack, flags FROM runs UNION ALL SELECT day, usr, stack, flags FROM pruned_usage) a
                    JOIN months m ON a.day >= m.first_day AND a.day < m.next_day
                WHERE (a.flags & 2) = 0 AND a.usr <> 0) r
                JOIN stack_packages sp ON sp.stack = r.stack JOIN packages p ON p.id = sp.package
            GROUP BY r.month, p.name HAVING count(DISTINCT r.usr) >= 5;

        """
}
