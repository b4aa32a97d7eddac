import Record
import SampleRecords
import Store
import Synchronization
import TestDatabases
import Testing

@Suite struct MigrationTests {
    @Test("migrating twice changes nothing the second time", arguments: Database.allCases)
    func twice(engine: Database) throws {
        let database = try TestDatabase(engine)
        for _ in 0..<2 {
            try database.location.makeStore().migrate()
            #expect(try database.integer("SELECT count(*) - max(version) FROM schema_versions") == 0)
            #expect(try database.integer("SELECT count(*) FROM users") == 1)
        }
        #expect(try database.rows("SELECT id, name FROM users") == [[.integer(0), .text("")]])
    }

    @Test("tables of the first version get what came later, and keep what they hold", arguments: Database.allCases)
    func older(engine: Database) throws {
        let database = try TestDatabase(engine)
        var writing = try Writing(database)
        try writing.commit([process(1)])
        try database.connect().run(script: sixth(engine))
        // PostgreSQL had one table of runs
        let one = """
            DROP VIEW named_packages; DROP VIEW named_runs; DROP VIEW named_days; DROP VIEW public_packages;
            CREATE TABLE all_runs (LIKE runs); INSERT INTO all_runs SELECT * FROM runs; DROP TABLE runs;
            ALTER TABLE all_runs RENAME TO runs; ALTER TABLE runs ADD PRIMARY KEY (run);
            CREATE VIEW named_days AS SELECT 1; CREATE VIEW public_packages AS SELECT 1;
            CREATE VIEW named_runs AS SELECT 1; CREATE VIEW named_packages AS SELECT 1;
            """
        if engine == .postgres { try database.connect().run(script: one) }
        try database.connect().run(
            script:
                """
                DROP TABLE heartbeats;
                DROP TABLE packed_parts; DROP TABLE packed_days; DROP TABLE canary_runs; DROP INDEX jobs_open;
                ALTER TABLE jobs DROP COLUMN uid; ALTER TABLE jobs DROP COLUMN claimed_usr;
                ALTER TABLE jobs DROP COLUMN claimed_account; ALTER TABLE jobs DROP COLUMN claimed_qos;
                ALTER TABLE jobs DROP COLUMN claimed_partition; ALTER TABLE jobs DROP COLUMN settled;
                ALTER TABLE jobs DROP COLUMN attempts; ALTER TABLE jobs DROP COLUMN due;
                DROP VIEW public_packages; DROP VIEW named_days; DROP VIEW named_packages; DROP VIEW named_runs;
                DROP TABLE pruned_jobs; DROP TABLE epochs;
                ALTER TABLE jobs DROP COLUMN last_pruned;
                ALTER TABLE users DROP COLUMN pseudonym; ALTER TABLE users DROP COLUMN named_from;
                DROP TABLE pruned_usage;
                CREATE TABLE usage_daily (
                    day integer, cluster integer, usr integer, stack integer, environment integer, size_class integer,
                    flags integer, processes bigint,
                    PRIMARY KEY (day, cluster, usr, stack, environment, size_class, flags));
                INSERT INTO usage_daily
                    SELECT day, cluster, usr, stack, environment, size_class, flags, processes FROM runs;
                UPDATE runs SET ranks = 0, exceptions = 0, signals = 0, killed = 0;
                CREATE INDEX runs_job ON runs (job);
                UPDATE runs SET started = first_seen - started; ALTER TABLE runs RENAME COLUMN started TO longest;
                DROP TABLE quarantine; ALTER TABLE sources DROP COLUMN incarnation;
                DELETE FROM schema_versions WHERE version > 1
                """)
        writing = try Writing(database, source: "another")
        writing.quarantine(process(2), entry: [9], reason: "no")
        try writing.commit()
        #expect(try database.integer("SELECT count(*) FROM quarantine") == 1)
        #expect(try database.integer("SELECT count(*) FROM runs") == 1)
        #expect(try database.integer("SELECT first_seen - started FROM runs") == 30_000_000)
        #expect(try database.integer("SELECT count(*) FROM named_packages") == 2)
        #expect(try database.integer("SELECT count(*) FROM named_days") == 2)
        #expect(try database.integer("SELECT count(*) FROM pruned_usage") == 0, "nothing has been pruned")
    }

    @Test("sums by day stay only for days without runs", arguments: Database.allCases)
    func sums(engine: Database) throws {
        let database = try TestDatabase(engine)
        var writing = try Writing(database)
        try writing.commit([process(1), process(2)])
        try database.connect().run(script: sixth(engine))
        try database.connect().run(
            script: """
                CREATE TABLE usage_daily (
                    day integer, cluster integer, usr integer, stack integer, environment integer, size_class integer,
                    flags integer, processes bigint);
                INSERT INTO usage_daily
                    SELECT day, cluster, usr, stack, environment, size_class, flags, 2 FROM runs;
                INSERT INTO usage_daily
                    SELECT day - 50, cluster, usr, stack, environment, size_class, flags, 7 FROM runs;
                INSERT INTO runs (run, first_seen, last_seen, started, day, cluster, job, step, usr, executable, program, stack,
                        environment, host, size_class, flags, processes)
                    SELECT \(engine == .postgres ? "gen_random_uuid()" : "randomblob(16)"), 0, 0, 0, day - 50, cluster, job, step,
                        usr, executable, program, stack, environment, host, size_class, flags, 3 FROM runs;
                DROP VIEW public_packages; DROP VIEW named_days; DROP TABLE pruned_usage;
                CREATE VIEW named_days AS SELECT 1; CREATE VIEW public_packages AS SELECT 1;
                ALTER TABLE packed_days DROP COLUMN first_job; ALTER TABLE packed_days DROP COLUMN last_job;
                CREATE INDEX runs_job ON runs (job);
                ALTER TABLE epochs ADD COLUMN pruned_before integer NOT NULL DEFAULT 0;
                UPDATE epochs SET pruned_before = (SELECT max(day) - 10 FROM runs);
                DELETE FROM schema_versions WHERE version > 5
                """)
        try database.location.makeStore().migrate()
        #expect(
            try database.rows("SELECT processes, day - (SELECT max(day) FROM runs) FROM pruned_usage")
                == [[.integer(4), .integer(-50)]])
        #expect(try database.integer("SELECT sum(processes) FROM named_days") == 2 * (2 + 7))
    }

    /// Makes tables of the sixth version of newer ones. What its views were does not matter.
    private func sixth(_ engine: Database) -> String {
        let views = ["public_packages", "named_days", "named_packages", "named_runs"]
        let jobs =
            switch engine {
            case .postgres:
                """
                ALTER TABLE jobs DROP COLUMN recurrence, DROP COLUMN first_day, DROP COLUMN last_day,
                    ADD UNIQUE (job_id, cluster, restart);
                """
            case .sqlite:
                """
                CREATE TABLE sixth AS SELECT id, cluster, job_id, restart, usr, account, qos, partition, num_nodes, num_tasks,
                    array_job_id, array_task_id, het_group, name, node_list, state, exit_code, submit_time, start_time,
                    end_time, elapsed_seconds, time_limit_seconds, source, last_pruned, uid, claimed_usr, claimed_account,
                    claimed_qos, claimed_partition, settled, attempts, due FROM jobs;
                DROP TABLE jobs;
                ALTER TABLE sixth RENAME TO jobs;
                """
            }
        return views.map { "DROP VIEW \($0); " }.joined()
            + "DROP INDEX jobs_open; DROP INDEX jobs_again; ALTER TABLE environments DROP COLUMN kind; \(jobs)"
            + "CREATE INDEX jobs_open ON jobs (due) WHERE settled = 0; "
            + views.reversed().map { "CREATE VIEW \($0) AS SELECT 1; " }.joined()
            + "DELETE FROM schema_versions WHERE version > 6"
    }

    @Test("jobs know the days of their runs", arguments: Database.allCases)
    func days(engine: Database) throws {
        let database = try TestDatabase(engine)
        var writing = try Writing(database)
        let day = Calendar.microsecondsPerDay
        try writing.commit([process(1), process(2).with { $0.time = noon - 2 * day }])
        try database.connect().run(script: sixth(engine))
        try database.location.makeStore().migrate()
        let today = noon / day
        #expect(
            try database.rows("SELECT recurrence, first_day, last_day FROM jobs") == [
                [.integer(0), .integer(today - 2), .integer(today)]
            ])
        // and a recycled number is another job's
        writing = try Writing(database, source: "another")
        try writing.commit([process(3).with { $0.time = noon - 40 * day }])
        #expect(try database.integer("SELECT max(recurrence) FROM named_runs") == 1)
    }

    @Test("of several that start at once one migrates, and all go on", arguments: Database.allCases)
    func atOnce(engine: Database) throws {
        let database = try TestDatabase(engine)
        let failures = Mutex<[String]>([])
        atTheSameTime(6) { index in
            let store = database.location.makeStore()
            do {
                // a daemon tries again what can be retried
                for attempt in 0... {
                    do throws(StoreError) {
                        try store.migrate()
                        _ = try store.open(source: "source \(index)", kind: .daemon, host: "here")
                        break
                    } catch {
                        guard error.canRetry, attempt < 20 else { throw error }
                    }
                }
            } catch {
                failures.withLock { $0.append("\(error)") }
            }
        }
        #expect(failures.withLock { $0 } == [])
        #expect(try database.integer("SELECT count(*) - max(version) FROM schema_versions") == 0)
        #expect(try database.integer("SELECT count(*) FROM sources") == 6)
        #expect(try database.integer("SELECT count(*) FROM months") == 150 * 12)
    }

    @Test("tables newer than the program are refused, by writers and readers", arguments: Database.allCases)
    func newer(engine: Database) throws {
        let database = try TestDatabase(engine)
        try database.location.makeStore().migrate()
        try database.connect().query("INSERT INTO schema_versions (version, applied) VALUES (1000, 0)")
        let writer = #expect(throws: StoreError.self) { try database.location.makeStore().migrate() }
        let reader = #expect(throws: StoreError.self) { _ = try database.location.reader() }
        #expect(kind(writer) == "schema" && kind(reader) == "schema")
        #expect("\(writer.map { "\($0)" } ?? "")".contains("1000"))
        #expect(try database.integer("SELECT max(version) FROM schema_versions") == 1_000)
    }

    @Test("a reader wants tables, and makes none", arguments: Database.allCases)
    func reader(engine: Database) throws {
        let database = try TestDatabase(engine)
        // an empty SQLite file is made by the first connection
        _ = try database.rows("SELECT 1")
        let error = #expect(throws: StoreError.self) { _ = try database.location.reader() }
        #expect(kind(error) == "schema")
        try database.location.makeStore().migrate()
        let reader = try database.location.reader()
        #expect(try reader.query("SELECT count(*) FROM runs") == [[.integer(0)]])
        #expect(throws: StoreError.self) { try reader.query("DELETE FROM users") }
    }

    @Test("the months are a calendar without gaps", arguments: Database.allCases)
    func months(engine: Database) throws {
        let database = try TestDatabase(engine)
        try database.location.makeStore().migrate()
        let rows = try database.rows("SELECT month, first_day, next_day FROM months ORDER BY month")
        var expected = Int64(Calendar.days(year: 2_000, month: 1, day: 1))
        for row in rows {
            #expect(row[1].integer == expected)
            let first = Int(row[1].integer ?? 0)
            let text = Calendar.text(day: first)
            #expect(row[0].text == String(text.prefix(7)) && text.hasSuffix("-01"))
            expected = row[2].integer ?? 0
        }
        #expect(expected == Int64(Calendar.days(year: 2_150, month: 1, day: 1)))
    }

    @Test("a file that is no database is refused and left as it is") func noDatabase() throws {
        let database = try TestDatabase(.sqlite)
        let path = database.location.address
        try Shell.run("head -c 5000 /dev/zero | tr '\\0' x > '\(path)'")
        let error = #expect(throws: StoreError.self) { try database.location.makeStore().migrate() }
        #expect(kind(error) == "schema")
        try Shell.run("test $(wc -c < '\(path)') = 5000")
    }

    @Test(
        "a store that is not there is unavailable",
        arguments: ["sqlite:///nowhere/at/all.sqlite", "postgres:///x?host=/nowhere"])
    func away(url: String) throws {
        let error = #expect(throws: StoreError.self) { try StoreLocation(url).makeStore().migrate() }
        #expect(kind(error) == "unavailable" && error?.canRetry == true)
    }
}
