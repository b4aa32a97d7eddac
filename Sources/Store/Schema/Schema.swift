/// The tables, as numbered migrations that are applied in order and never changed once released.
///
/// One text serves both dialects: `{id}` is a key that the database counts up, `{int}` and `{small}` an integer of 8 and of 4
/// bytes, `{text}` a text that sorts by its bytes, `{bytes}` a byte string, `{key}` 16 bytes, `{date}` the date of
/// `r.day`, `{plain}`, `{partitions}` and `{keys}` what only PostgreSQL has, `{slim}` and `{again}` what each does in its own way, `{look}` the word for a
/// join that looks rows up.
/// What the tables and columns mean stands in `docs/data-model.md`.
struct Schema {
    static let migrations: [Migration] = [
        Migration(version: 1, text: version1), Migration(version: 2, text: version2),
        Migration(version: 3, text: version3), Migration(version: 4, text: version4),
        Migration(version: 5, text: version5), Migration(version: 6, text: version6),
        Migration(version: 7, text: version7), Migration(version: 8, text: version8),
    ]

    static var current: Int { migrations.last?.version ?? 0 }

    struct Migration: Sendable {
        let version: Int
        let text: String

        func script(for dialect: any SQLDialect) -> String {
            var script = text
            for (mark, word) in dialect.schemaWords { script = script.replacing(mark, with: word) }
            return script
        }
    }

    /// The dictionaries of plain names: row 0 is the empty name, which stands for "not said".
    static let names = [
        "users", "clusters", "hosts", "executables", "programs", "steps", "accounts", "qoses", "partitions", "packages",
    ]

    private static let version1 =
        names.map { table in
            """
            CREATE TABLE \(table) (id {id}, name {text} NOT NULL UNIQUE);
            INSERT INTO \(table) (id, name) VALUES (0, '');

            """
        }.joined()
            + """
            CREATE TABLE environments (
                id {id}, fingerprint {key} NOT NULL UNIQUE, prefix {text} NOT NULL, python {text} NOT NULL,
                implementation {text} NOT NULL, container {text} NOT NULL, system {text} NOT NULL, subsystem {text} NOT NULL);
            CREATE TABLE stacks (id {id}, fingerprint {key} NOT NULL UNIQUE);
            CREATE TABLE stack_packages (
                stack {small} NOT NULL, package {small} NOT NULL, version {text}, direct {small},
                PRIMARY KEY (stack, package)) {rowid};
            CREATE INDEX stack_packages_package ON stack_packages (package, stack);
            CREATE TABLE jobs (
                id {id}, cluster {small} NOT NULL, job_id {text} NOT NULL, restart {small} NOT NULL,
                usr {small} NOT NULL DEFAULT 0, account {small} NOT NULL DEFAULT 0, qos {small} NOT NULL DEFAULT 0,
                partition {small} NOT NULL DEFAULT 0, num_nodes {small}, num_tasks {small},
                array_job_id {int}, array_task_id {int}, het_group {small},
                name {text}, node_list {text}, state {text}, exit_code {text},
                submit_time {int}, start_time {int}, end_time {int}, elapsed_seconds {int}, time_limit_seconds {int},
                source {small} NOT NULL DEFAULT 0,
                UNIQUE (job_id, cluster, restart));
            CREATE TABLE runs (
                run {key} NOT NULL PRIMARY KEY, first_seen {int} NOT NULL, last_seen {int} NOT NULL,
                longest {int} NOT NULL,
                day {small} NOT NULL, cluster {small} NOT NULL, job {small} NOT NULL, step {small} NOT NULL,
                usr {small} NOT NULL, executable {small} NOT NULL, program {small} NOT NULL, stack {small} NOT NULL,
                environment {small} NOT NULL, host {small} NOT NULL, size_class {small} NOT NULL, flags {small} NOT NULL,
                processes {small} NOT NULL, ranks {small} NOT NULL, exceptions {small} NOT NULL, signals {small} NOT NULL,
                killed {small} NOT NULL) {rowid};
            CREATE INDEX runs_job ON runs (job);
            CREATE TABLE usage_daily (
                day {small} NOT NULL, cluster {small} NOT NULL, usr {small} NOT NULL, stack {small} NOT NULL,
                environment {small} NOT NULL, size_class {small} NOT NULL, flags {small} NOT NULL,
                processes {int} NOT NULL,
                PRIMARY KEY (day, cluster, usr, stack, environment, size_class, flags)) {rowid};
            CREATE TABLE months (month {text} NOT NULL PRIMARY KEY, first_day {small} NOT NULL, next_day {small} NOT NULL);
            CREATE TABLE sources (
                id {id}, identity {text} NOT NULL UNIQUE, kind {text} NOT NULL, host {text} NOT NULL,
                sequence {int} NOT NULL DEFAULT 0, tally {int} NOT NULL DEFAULT 0, head_tally {int} NOT NULL DEFAULT 0,
                heartbeat {int}, oldest_pending {int}, last_record {int});
            CREATE TABLE counters (
                source {small} NOT NULL, name {text} NOT NULL, value {int} NOT NULL, PRIMARY KEY (source, name)) {rowid};
            CREATE TABLE held_parts (
                source {small} NOT NULL, record {key} NOT NULL, part {small} NOT NULL, entry {bytes} NOT NULL,
                PRIMARY KEY (source, record, part));
            CREATE TABLE snapshots (record {key} NOT NULL PRIMARY KEY, seen {int} NOT NULL, entry {bytes} NOT NULL);
            CREATE TABLE canary_records (
                run {text} NOT NULL, seq {int} NOT NULL, expected {int} NOT NULL, received {int} NOT NULL,
                PRIMARY KEY (run, seq));

            """

    /// Records that the store itself refused; by which of its copies a source was written last.
    private static let version2 = """
        CREATE TABLE quarantine (
            id {id}, source {small} NOT NULL, sequence {int}, noticed {int} NOT NULL, arrival {int}, reason {text} NOT NULL,
            sender {text} NOT NULL, record {bytes} NOT NULL, record_bytes {int} NOT NULL);
        CREATE INDEX quarantine_source ON quarantine (source, id);
        ALTER TABLE sources ADD COLUMN incarnation {text};

        """

    /// Runs with names in the place of numbers.
    private static let runViews = """
        CREATE VIEW named_runs AS
            SELECT r.run, {date} AS day, r.first_seen, r.last_seen, r.started, NULLIF(c.name, '') AS cluster,
                NULLIF(r.job, 0) AS job, j.job_id, j.restart, NULLIF(s.name, '') AS step, NULLIF(r.usr, 0) AS person,
                NULLIF(CASE WHEN r.day < u.named_from THEN u.pseudonym ELSE u.name END, '') AS username,
                NULLIF(a.name, '') AS account, j.num_nodes, j.elapsed_seconds, NULLIF(x.name, '') AS executable,
                m.name AS program, NULLIF(e.prefix, '') AS prefix, NULLIF(e.python, '') AS python,
                NULLIF(e.implementation, '') AS implementation, NULLIF(e.container, '') AS container,
                NULLIF(e.system, '') AS system, r.flags & 1 AS compute, (r.flags & 2) / 2 AS staff, r.stack,
                r.processes, r.exceptions, r.signals, r.killed
            FROM runs r JOIN clusters c ON c.id = r.cluster JOIN steps s ON s.id = r.step JOIN users u ON u.id = r.usr
                JOIN executables x ON x.id = r.executable JOIN programs m ON m.id = r.program
                JOIN environments e ON e.id = r.environment
                LEFT JOIN jobs j ON j.id = r.job LEFT JOIN accounts a ON a.id = j.account;
        CREATE VIEW named_packages AS
            SELECT n.*, p.name AS package, sp.version, sp.direct
            FROM named_runs n JOIN stack_packages sp ON sp.stack = n.stack JOIN packages p ON p.id = sp.package;
        """

    /// When a run's first process started, in the place of the longest life of any of them. What remains of pruned runs, from
    /// which day on a user bears a name and which pseudonym before, and views that show names in the place of numbers.
    private static let version3 = """
        ALTER TABLE runs RENAME COLUMN longest TO started;
        UPDATE runs SET started = first_seen - started;
        ALTER TABLE users ADD COLUMN pseudonym {text};
        ALTER TABLE users ADD COLUMN named_from {small} NOT NULL DEFAULT 0;
        ALTER TABLE jobs ADD COLUMN last_pruned {small};
        CREATE TABLE epochs (names {int} NOT NULL PRIMARY KEY);
        INSERT INTO epochs (names) VALUES (0);
        CREATE TABLE pruned_jobs (
            month {small} NOT NULL, package {small} NOT NULL, system {text} NOT NULL, account {small} NOT NULL,
            flags {small} NOT NULL, direct {small} NOT NULL, jobs {int} NOT NULL,
            PRIMARY KEY (month, package, system, account, flags, direct)) {rowid};
        \(runViews)
        CREATE VIEW named_days AS
            SELECT {date} AS day, NULLIF(r.usr, 0) AS person,
                NULLIF(CASE WHEN r.day < u.named_from THEN u.pseudonym ELSE u.name END, '') AS username,
                NULLIF(e.prefix, '') AS prefix, NULLIF(e.python, '') AS python,
                NULLIF(e.implementation, '') AS implementation, NULLIF(e.container, '') AS container,
                NULLIF(e.system, '') AS system, r.flags & 1 AS compute, (r.flags & 2) / 2 AS staff, r.stack,
                p.name AS package, sp.version, sp.direct, r.processes
            FROM usage_daily r JOIN users u ON u.id = r.usr JOIN environments e ON e.id = r.environment
                JOIN stack_packages sp ON sp.stack = r.stack JOIN packages p ON p.id = sp.package;
        CREATE VIEW public_packages AS
            SELECT m.month, p.name AS package, count(DISTINCT r.usr) AS users
            FROM usage_daily r JOIN months m ON r.day >= m.first_day AND r.day < m.next_day
                JOIN stack_packages sp ON sp.stack = r.stack JOIN packages p ON p.id = sp.package
            WHERE (r.flags & 2) = 0 AND r.usr <> 0 GROUP BY m.month, p.name HAVING count(DISTINCT r.usr) >= 5;

        """

    /// What records claimed of a job stays beside what Slurm says; what is still to be asked; the canaries that were sent
    /// out.
    private static let version4 = """
        ALTER TABLE jobs ADD COLUMN uid {int};
        ALTER TABLE jobs ADD COLUMN claimed_usr {small} NOT NULL DEFAULT 0;
        ALTER TABLE jobs ADD COLUMN claimed_account {small} NOT NULL DEFAULT 0;
        ALTER TABLE jobs ADD COLUMN claimed_qos {small} NOT NULL DEFAULT 0;
        ALTER TABLE jobs ADD COLUMN claimed_partition {small} NOT NULL DEFAULT 0;
        ALTER TABLE jobs ADD COLUMN settled {small} NOT NULL DEFAULT 0;
        ALTER TABLE jobs ADD COLUMN attempts {small} NOT NULL DEFAULT 0;
        ALTER TABLE jobs ADD COLUMN due {int} NOT NULL DEFAULT 0;
        CREATE INDEX jobs_open ON jobs (due, id) WHERE settled = 0;
        CREATE TABLE canary_runs (
            run {text} NOT NULL PRIMARY KEY, submitted {int} NOT NULL, expected {int} NOT NULL, killed {int} NOT NULL,
            mode {text} NOT NULL, partition {text} NOT NULL, node {text} NOT NULL, transport {text} NOT NULL,
            slurm_job {text}, started {int}, ended {int}, deadline {int} NOT NULL, failure {text});
        CREATE INDEX canary_runs_submitted ON canary_runs (submitted);

        """

    /// Days that have ended, packed for questions over many of them.
    private static let version5 = """
        CREATE TABLE packed_days (day {small} NOT NULL PRIMARY KEY, state {small} NOT NULL, token {text} NOT NULL);
        CREATE TABLE packed_parts (
            day {small} NOT NULL, part {small} NOT NULL, head {bytes} NOT NULL,
            job {bytes} NOT NULL, usr {bytes} NOT NULL, stack {bytes} NOT NULL, environment {bytes} NOT NULL,
            account {bytes} NOT NULL, owner {bytes} NOT NULL, flags {bytes} NOT NULL, nodes {bytes} NOT NULL,
            seconds {bytes} NOT NULL, started {bytes} NOT NULL, last_seen {bytes} NOT NULL,
            processes {bytes} NOT NULL, exceptions {bytes} NOT NULL, signals {bytes} NOT NULL, killed {bytes} NOT NULL,
            PRIMARY KEY (day, part));
        ALTER TABLE epochs ADD COLUMN pruned_before {small} NOT NULL DEFAULT 0;
        UPDATE epochs SET pruned_before = (
            SELECT COALESCE(max(m.next_day), 0) FROM pruned_jobs p JOIN months m ON m.first_day = p.month);
        {plain}
        {partitions}

        """

    /// PostgreSQL keeps runs in a table for each month (`RunPartitions`), and in one for all other months.
    static let partitions = """
        DROP VIEW named_packages;
        DROP VIEW named_runs;
        ALTER TABLE runs RENAME TO runs_rest;
        ALTER INDEX runs_pkey RENAME TO runs_rest_pkey;
        ALTER INDEX runs_job RENAME TO runs_rest_job;
        CREATE TABLE runs (LIKE runs_rest) PARTITION BY RANGE (run);
        ALTER TABLE runs ADD PRIMARY KEY (run);
        CREATE INDEX runs_job ON runs (job);
        ALTER TABLE runs ATTACH PARTITION runs_rest DEFAULT;
        \(runViews)
        """

    /// What a daemon says beside the connection that writes.
    private static let version8 = """
        CREATE TABLE IF NOT EXISTS heartbeats (
            source {small} NOT NULL PRIMARY KEY, told {int} NOT NULL, received {int} NOT NULL, oldest_pending {int});
        {keys}

        """

    /// A table that is published is changed by its key (PostgreSQL manual, section 31.1): each table has one.
    static let keys = """
        ALTER TABLE epochs DROP CONSTRAINT IF EXISTS epochs_pkey;
        ALTER TABLE epochs ADD PRIMARY KEY (names);
        """
}
