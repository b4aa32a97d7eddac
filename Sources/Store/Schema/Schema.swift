/// The tables, as numbered migrations that are applied in order. One that has been released is never changed.
///
/// One text serves all databases. A dialect replaces each mark in it (`SQLDialect.schemaWords`):
///
/// | mark | stands for |
/// |---|---|
/// | `{id}` | a key that the database counts up |
/// | `{int}`, `{small}`, `{tiny}` | an integer of 8, 4 and 2 bytes |
/// | `{text}` | a text that sorts by its bytes |
/// | `{bytes}`, `{key}` | a byte string, and one of 16 bytes |
/// | `{rowid}` | says that a table is kept in the order of its primary key |
/// | `{monthly}` | the same, of a table that may be split by months |
/// | `{details}` | statements about the tables before it that only some databases need |
/// | `{packed}` | the same, of the packed columns of version 2 |
/// | `{locks}` | the tables whose locks are the store's, in databases that need them |
/// | `{published}`, `{published end}` | the words before and after the statement of the view for the public |
/// | `{look}` | the word for a join that looks rows up |
/// | `{names}` | the word for a join that looks up a name which each row has |
/// | `{date}` | the date of `r.day` |
/// | `{first_seen_at}`, `{last_seen_at}`, `{started_at}` | the times of `r.first_seen` and so on |
///
/// `docs/data-model.md` explains the tables and columns.
public enum Schema {
    public static let migrations = [
        Migration(
            version: 1, text: [names, usage, accounting, canaries, packed, remains, "{details}"].joined()
        ) { (connection: any SQLConnection) throws(StoreError) in
            try CalendarMonth.fillTable(connection)
            try connection.dialect.makeMonthsAhead(on: connection)
        },
        Migration(version: 2, text: [identity, newViews, resources, "{locks}", views].joined()) {
            (connection: any SQLConnection) throws(StoreError) in
            try FingerprintRenewal.run(on: connection)
        },
    ]

    /// Versions that no release had. The tables of the last one are those of version 1.
    static let unreleased = 3...8

    /// Dictionaries: row 0 is the empty name, which means "unknown".
    private static let names =
        [
            "clusters", "hosts", "executables", "programs", "steps", "accounts", "qoses", "partitions", "packages",
        ].map { table in
            """
            CREATE TABLE \(table) (id {id}, name {text} NOT NULL UNIQUE);
            INSERT INTO \(table) (id, name) VALUES (0, '');

            """
        }.joined()
            + """
            CREATE TABLE users (
                id {id}, name {text} NOT NULL UNIQUE, pseudonym {text}, named_from {small} NOT NULL DEFAULT 0);
            INSERT INTO users (id, name) VALUES (0, '');
            CREATE TABLE epochs (names {int} NOT NULL PRIMARY KEY);
            INSERT INTO epochs (names) VALUES (0);
            CREATE TABLE environments (
                id {id}, fingerprint {key} NOT NULL UNIQUE, prefix {text} NOT NULL, python {text} NOT NULL,
                implementation {text} NOT NULL, container {text} NOT NULL, system {text} NOT NULL,
                subsystem {text} NOT NULL, kind {text});
            CREATE TABLE stacks (id {id}, fingerprint {key} NOT NULL UNIQUE);
            CREATE TABLE stack_packages (
                stack {small} NOT NULL, package {small} NOT NULL, version {text}, direct {small},
                PRIMARY KEY (stack, package)) {rowid};
            CREATE INDEX stack_packages_package ON stack_packages (package, stack);

            """

    /// A batch's writes are kept small, because every record pays for each byte and each index of a new run or job.
    /// Runs have no index by job, because their keys begin with the day and the number of the job. A value that is 0
    /// for most rows is null, which takes no room.
    private static let usage = """
        CREATE TABLE jobs (
            id {id}, cluster {small} NOT NULL, job_id {text} NOT NULL, restart {small} NOT NULL,
            usr {small} NOT NULL DEFAULT 0, account {small} NOT NULL DEFAULT 0, qos {small} NOT NULL DEFAULT 0,
            partition {small} NOT NULL DEFAULT 0, num_nodes {small}, num_tasks {small},
            array_job_id {int}, array_task_id {int}, het_group {small},
            name {text}, node_list {text}, state {text}, exit_code {text},
            submit_time {int}, start_time {int}, end_time {int}, elapsed_seconds {int}, time_limit_seconds {int},
            source {small} NOT NULL DEFAULT 0, last_pruned {small}, uid {int},
            claimed_usr {small}, claimed_account {small}, claimed_qos {small}, claimed_partition {small},
            settled {small} NOT NULL DEFAULT 0, attempts {small} NOT NULL DEFAULT 0, due {int} NOT NULL DEFAULT 0,
            recurrence {small} NOT NULL DEFAULT 0, first_day {small}, last_day {small},
            UNIQUE (job_id, cluster, restart, recurrence));
        CREATE INDEX jobs_open ON jobs (due) WHERE settled = 0;
        CREATE INDEX jobs_again ON jobs (id) WHERE recurrence > 0;
        CREATE TABLE runs (
            run {key} NOT NULL PRIMARY KEY, first_seen {int} NOT NULL, last_seen {int} NOT NULL, started {int} NOT NULL,
            day {small} NOT NULL, cluster {small} NOT NULL, job {small} NOT NULL, step {small} NOT NULL,
            usr {small} NOT NULL, executable {small} NOT NULL, program {small} NOT NULL, stack {small} NOT NULL,
            environment {small} NOT NULL, host {small} NOT NULL, size_class {tiny} NOT NULL, flags {tiny} NOT NULL,
            processes {small} NOT NULL, ranks {small}, exceptions {small}, signals {small}, killed {small}) {monthly};
        CREATE TABLE months (month {text} NOT NULL PRIMARY KEY, first_day {small} NOT NULL, next_day {small} NOT NULL);

        """

    /// The stored position of each source, and the outcome of its messages. `heartbeats` has reports of a daemon's
    /// spare connection.
    private static let accounting = """
        CREATE TABLE sources (
            id {id}, identity {text} NOT NULL UNIQUE, kind {text} NOT NULL, host {text} NOT NULL,
            sequence {int} NOT NULL DEFAULT 0, tally {int} NOT NULL DEFAULT 0, head_tally {int} NOT NULL DEFAULT 0,
            heartbeat {int}, oldest_pending {int}, last_record {int}, incarnation {text});
        CREATE TABLE heartbeats (
            source {small} NOT NULL PRIMARY KEY, told {int} NOT NULL, received {int} NOT NULL, oldest_pending {int});
        CREATE TABLE counters (
            source {small} NOT NULL, name {text} NOT NULL, value {int} NOT NULL, PRIMARY KEY (source, name)) {rowid};
        CREATE TABLE held_parts (
            source {small} NOT NULL, record {key} NOT NULL, part {small} NOT NULL, entry {bytes} NOT NULL,
            PRIMARY KEY (source, record, part));
        CREATE TABLE snapshots (record {key} NOT NULL PRIMARY KEY, seen {int} NOT NULL, entry {bytes} NOT NULL);
        CREATE TABLE quarantine (
            id {id}, source {small} NOT NULL, sequence {int}, noticed {int} NOT NULL, arrival {int},
            reason {text} NOT NULL,
            sender {text} NOT NULL, record {bytes} NOT NULL, record_bytes {int} NOT NULL);
        CREATE INDEX quarantine_source ON quarantine (source, id);

        """

    private static let canaries = """
        CREATE TABLE canary_records (
            run {text} NOT NULL, seq {int} NOT NULL, expected {int} NOT NULL, received {int} NOT NULL,
            PRIMARY KEY (run, seq));
        CREATE TABLE canary_runs (
            run {text} NOT NULL PRIMARY KEY, submitted {int} NOT NULL, expected {int} NOT NULL, killed {int} NOT NULL,
            mode {text} NOT NULL, partition {text} NOT NULL, node {text} NOT NULL, transport {text} NOT NULL,
            slurm_job {text}, started {int}, ended {int}, deadline {int} NOT NULL, failure {text});
        CREATE INDEX canary_runs_submitted ON canary_runs (submitted);

        """

    /// Finished days, packed for questions over many of them.
    private static let packed = """
        CREATE TABLE packed_days (
            day {small} NOT NULL PRIMARY KEY, state {small} NOT NULL, token {text} NOT NULL,
            first_job {int}, last_job {int});
        CREATE TABLE packed_parts (
            day {small} NOT NULL, part {small} NOT NULL, head {bytes} NOT NULL,
            job {bytes} NOT NULL, usr {bytes} NOT NULL, stack {bytes} NOT NULL, environment {bytes} NOT NULL,
            account {bytes} NOT NULL, owner {bytes} NOT NULL, flags {bytes} NOT NULL, nodes {bytes} NOT NULL,
            seconds {bytes} NOT NULL, started {bytes} NOT NULL, last_seen {bytes} NOT NULL,
            processes {bytes} NOT NULL, exceptions {bytes} NOT NULL, signals {bytes} NOT NULL, killed {bytes} NOT NULL,
            PRIMARY KEY (day, part));

        """

    /// The sums of pruned runs by day, and counts of jobs by month.
    private static let remains = """
        CREATE TABLE pruned_usage (
            day {small} NOT NULL, cluster {small} NOT NULL, usr {small} NOT NULL, stack {small} NOT NULL,
            environment {small} NOT NULL, size_class {small} NOT NULL, flags {small} NOT NULL, processes {int} NOT NULL,
            PRIMARY KEY (day, cluster, usr, stack, environment, size_class, flags)) {rowid};
        CREATE TABLE pruned_jobs (
            month {small} NOT NULL, package {small} NOT NULL, system {text} NOT NULL, account {small} NOT NULL,
            flags {small} NOT NULL, direct {small} NOT NULL, jobs {int} NOT NULL,
            PRIMARY KEY (month, package, system, account, flags, direct)) {rowid};

        """

    /// Keys of the store, the relay that vouches for the sender of a run, and the records of each host by day.
    private static let identity = """
        CREATE TABLE store_keys (name {text} NOT NULL PRIMARY KEY, value {bytes} NOT NULL);
        CREATE TABLE relays (id {id}, name {text} NOT NULL UNIQUE);
        INSERT INTO relays (id, name) VALUES (0, '');
        CREATE TABLE host_days (
            day {small} NOT NULL, host {small} NOT NULL, records {int} NOT NULL,
            first_seen {int} NOT NULL, last_seen {int} NOT NULL, PRIMARY KEY (day, host)) {rowid};
        ALTER TABLE runs ADD COLUMN relay {small};
        ALTER TABLE jobs ADD COLUMN vouched {small} NOT NULL DEFAULT 0;

        """

    /// What the batch system tells of a job's resources, and the words that it has used for states of jobs. Packed days
    /// have been emptied, so that they can get columns that are never null.
    private static let resources = """
        ALTER TABLE jobs ADD COLUMN alloc_cpus {small};
        ALTER TABLE jobs ADD COLUMN cpu_seconds {int};
        ALTER TABLE jobs ADD COLUMN gpus {small};
        ALTER TABLE jobs ADD COLUMN req_mem {int};
        ALTER TABLE jobs ADD COLUMN max_rss {int};
        ALTER TABLE jobs ADD COLUMN steps {small};
        CREATE TABLE job_states (id {id}, name {text} NOT NULL UNIQUE);
        INSERT INTO job_states (id, name) VALUES (0, '');
        INSERT INTO job_states (name) SELECT DISTINCT state FROM jobs WHERE state <> '' ORDER BY state;
        ALTER TABLE packed_parts ADD COLUMN partition {bytes} NOT NULL;
        ALTER TABLE packed_parts ADD COLUMN qos {bytes} NOT NULL;
        ALTER TABLE packed_parts ADD COLUMN state {bytes} NOT NULL;
        ALTER TABLE packed_parts ADD COLUMN cpus {bytes} NOT NULL;
        ALTER TABLE packed_parts ADD COLUMN gpus {bytes} NOT NULL;
        ALTER TABLE packed_parts ADD COLUMN program {bytes} NOT NULL;
        {packed}

        """

    /// Makes way for the views. Version 1 had the same ones, but the one for the public counted users for whom no one
    /// vouches. Packed copies of days did not tell who vouches, so they are made anew.
    private static let newViews = """
        DELETE FROM packed_parts;
        DELETE FROM packed_days;
        DROP VIEW IF EXISTS public_packages;
        DROP VIEW IF EXISTS named_days;
        DROP VIEW IF EXISTS named_packages;
        DROP VIEW IF EXISTS named_runs;

        """
}
