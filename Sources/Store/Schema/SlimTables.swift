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
}
