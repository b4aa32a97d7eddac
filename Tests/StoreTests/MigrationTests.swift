import Record
import SampleRecords
import Store
import Synchronization
import TestDatabases
import Testing

@Suite struct MigrationTests {
    @Test("migrating twice changes nothing the second time", arguments: Database.allCases)
    func twice(engine: Database) throws {
        let database = try TestDatabase(empty: engine)
        for _ in 0..<2 {
            try database.location.makeStore().migrate()
            #expect(try database.integer("SELECT count(*) - max(version) FROM schema_versions") == 0)
            #expect(try database.integer("SELECT count(*) FROM users") == 1)
        }
        #expect(try database.rows("SELECT id, name FROM users") == [[.integer(0), .text("")]])
    }

    /// A next version, as a later program might have it.
    private let next = Migrator(
        Schema.migrations + [
            Migration(version: 3, text: "ALTER TABLE jobs ADD COLUMN colour {text}; UPDATE jobs SET colour = 'red'") {
                (connection: any SQLConnection) throws(StoreError) in
                try connection.query("UPDATE jobs SET colour = colour || 'dish'")
            }
        ])

    @Test("a next version gets what it adds, once, and keeps what there is", arguments: Database.allCases)
    func upgrade(engine: Database) throws {
        let database = try TestDatabase(empty: engine)
        var writing = try Writing(database)
        try writing.commit([process(1)])
        let behind = #expect(throws: StoreError.self) { try next.check(database.connect()) }
        #expect("\(behind.map { "\($0)" } ?? "")".contains("start its customsd once"))
        for _ in 0..<2 { try next.migrate(database.connect()) }
        try next.check(database.connect())
        #expect(try database.rows("SELECT colour FROM jobs") == [[.text("reddish")]])
        #expect(
            try database.rows("SELECT version FROM schema_versions ORDER BY version")
                == [[.integer(1)], [.integer(2)], [.integer(3)]])
        #expect(try database.integer("SELECT count(*) FROM runs") == 1)
        // the program before it is told to upgrade
        let ahead = #expect(throws: StoreError.self) { _ = try database.location.reader() }
        #expect(kind(ahead) == "schema" && "\(ahead.map { "\($0)" } ?? "")".contains("version 3"))
    }

    @Test("a next version on a new store is made in one go", arguments: Database.allCases)
    func upgradeOfNothing(engine: Database) throws {
        let database = try TestDatabase(empty: engine)
        try next.migrate(database.connect())
        #expect(try database.integer("SELECT count(*) FROM schema_versions") == 3)
    }

    @Test("a migration that fails leaves the tables as they were", arguments: Database.allCases)
    func failure(engine: Database) throws {
        let database = try TestDatabase(empty: engine)
        try database.location.makeStore().migrate()
        let broken = Migrator(
            Schema.migrations + [
                Migration(version: 3, text: "ALTER TABLE jobs ADD COLUMN colour {text}") {
                    (connection: any SQLConnection) throws(StoreError) in try connection.query("SELECT nothing")
                }
            ])
        #expect(throws: StoreError.self) { try broken.migrate(database.connect()) }
        #expect(try database.integer("SELECT max(version) FROM schema_versions") == 2)
        #expect(throws: StoreError.self) { try database.rows("SELECT colour FROM jobs") }
    }

    /// Makes tables of version 1, and writes the versions up to this one, as a program from before the first release
    /// did.
    private func pretend(_ version: Int, _ database: TestDatabase) throws {
        try first.migrate(database.connect())
        for number in 2...version {
            try database.connect().query(
                "INSERT INTO schema_versions (version, applied) VALUES (?, 0)", [.integer(Int64(number))])
        }
    }

    @Test("the last tables from before the first release are taken over by a writer", arguments: Database.allCases)
    func unreleased(engine: Database) throws {
        let database = try TestDatabase(empty: engine)
        // their tables are those of version 1
        try first.migrate(database.connect())
        try database.connect().query("INSERT INTO users (name) VALUES ('alice')")
        try pretend(8, database)
        let reader = #expect(throws: StoreError.self) { _ = try database.location.reader() }
        #expect("\(reader.map { "\($0)" } ?? "")".contains("start customsd on this store once"))
        var writing = try Writing(database)
        try writing.commit([process(2)])
        #expect(
            try database.rows("SELECT version FROM schema_versions ORDER BY version") == [[.integer(1)], [.integer(2)]])
        #expect(try database.integer("SELECT sum(processes) FROM runs") == 1)
        #expect(try database.integer("SELECT count(*) FROM users WHERE name = 'alice'") == 1)
        #expect(try database.integer("SELECT count(*) FROM public_packages") == 0)
        _ = try database.location.reader()
    }

    @Test("tables of other versions from before it are refused, with a way out", arguments: Database.allCases)
    func unreleasedBefore(engine: Database) throws {
        let database = try TestDatabase(empty: engine)
        try pretend(7, database)
        for refused in [
            #expect(throws: StoreError.self) { try database.location.makeStore().migrate() },
            #expect(throws: StoreError.self) { _ = try database.location.reader() },
        ] {
            let text = "\(refused.map { "\($0)" } ?? "")"
            #expect(kind(refused) == "schema" && text.contains("version 7") && text.contains("customs import"))
        }
        #expect(try database.integer("SELECT max(version) FROM schema_versions") == 7)
    }

    /// The tables of version 1.
    private let first = Migrator(Array(Schema.migrations.prefix(1)))

    @Test(
        "a store of version 1 keeps its usage, and finds its stacks and environments again",
        arguments: Database.allCases)
    func fromVersion1(engine: Database) throws {
        let database = try TestDatabase(empty: engine)
        let connection = try database.connect()
        try first.migrate(connection)
        let key = connection.dialect.key("000102030405060708090a0b0c0d0e0f")
        let other = connection.dialect.key("100102030405060708090a0b0c0d0e0f")
        let day = connection.dialect.runKey(beginning: 20_777)
        try connection.run(
            script: """
                INSERT INTO users (id, name) VALUES (1, 'ada');
                INSERT INTO programs (id, name) VALUES (1, 'run.py');
                INSERT INTO packages (id, name) VALUES (1, 'os'), (2, 'numpy');
                INSERT INTO environments (id, fingerprint, prefix, python, implementation, container, system, subsystem)
                    VALUES (1, \(key), '/opt/python', '3.12.1', '', '', '', '');
                INSERT INTO environments
                    (id, fingerprint, prefix, python, implementation, container, system, subsystem, kind)
                    VALUES (2, \(other), '/home/user-0/env', '3.12.1', '', '', '', '', 'venv');
                INSERT INTO stacks (id, fingerprint) VALUES (1, \(key)), (2, \(other));
                INSERT INTO stack_packages (stack, package, version, direct) VALUES (1, 1, NULL, 0), (1, 2, '2.1', 1);
                INSERT INTO runs (run, first_seen, last_seen, started, day, cluster, job, step, usr, executable,
                    program, stack, environment, host, size_class, flags, processes)
                    VALUES (\(day), 1, 2, 1, 20777, 0, 0, 0, 1, 0, 1, 1, 1, 0, 0, 4, 7);
                INSERT INTO jobs (cluster, job_id, restart, state)
                    VALUES (0, '7', 0, 'TIMEOUT'), (0, '8', 0, 'TIMEOUT'), (0, '9', 0, NULL);
                INSERT INTO packed_days (day, state, token) VALUES (20777, 0, 'x');
                """)
        try database.location.makeStore().migrate()
        let rows = "SELECT username, program, prefix, processes, vouched, relay FROM named_runs"
        let expected: [SQLValue] = [
            .text("ada"), .text("run.py"), .text("/opt/python"), .integer(7), .integer(1), .null,
        ]
        #expect(try database.rows(rows) == [expected])
        #expect(try database.integer("SELECT count(*) FROM packed_days") == 0)
        #expect(try database.rows("SELECT name FROM job_states ORDER BY id") == [[.text("")], [.text("TIMEOUT")]])
        // what was there is found, and not made again
        if engine == .postgres {
            for table in ["users", "programs", "packages", "environments", "stacks"] {
                try connection.query("SELECT setval(pg_get_serial_sequence('customs.\(table)', 'id'), 100)")
            }
        }
        var writing = try Writing(database)
        try writing.commit([process(1)])
        #expect(
            try database.rows("SELECT stack, environment FROM runs WHERE day > 20777") == [[.integer(1), .integer(1)]])
        #expect(try database.integer("SELECT count(*) FROM stacks") == 2)
        #expect(try database.integer("SELECT count(*) FROM environments") == 2)
    }

    @Test("of several that start at once one migrates, and all go on", arguments: Database.allCases)
    func atOnce(engine: Database) throws {
        let database = try TestDatabase(empty: engine)
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
        let database = try TestDatabase(empty: engine)
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
        let database = try TestDatabase(empty: engine)
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
        let database = try TestDatabase(empty: engine)
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
        let database = try TestDatabase(empty: .sqlite)
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
