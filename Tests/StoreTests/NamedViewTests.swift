import Jobs
import Record
import SampleRecords
import Store
import TestDatabases
import Testing

/// The views with names in the place of ids.
@Suite struct NamedViewTests {
    private func filled(_ engine: Database) throws -> TestDatabase {
        let database = try TestDatabase(engine)
        var writing = try Writing(database)
        try writing.commit([
            process(1).with {
                $0[.jobID] = "1"
                $0[.host] = "nid7"
                $0[.subsystem] = "gpu"
                $0[.partition] = "claimed"
                $0.numTasks = 8
                // a microsecond after noon, so that no digit may be lost
                $0.time = noon + 1
                $0.elapsed = 60
            },
            process(2).with {
                $0[.jobID] = nil
                $0[.host] = nil
                $0.time = noon
            },
        ])
        let ledger = database.location.makeJobLedger()
        var facts = JobFacts(jobID: "1", state: "TIMEOUT", isFinal: true)
        facts.partition = "a100"
        facts.qos = "regular"
        facts.exitCode = "0:9"
        facts.allocatedCPUs = 128
        facts.gpus = 4
        let open = try openJobs(ledger, cluster: nil, now: noon, limit: 1)
        try ledger.note([.facts(row: try #require(open.first).row, facts)])
        return database
    }

    @Test("a run has its host, its part of the system, and what Slurm says of its job", arguments: Database.allCases)
    func facts(engine: Database) throws {
        let database = try filled(engine)
        let columns = "host, subsystem, partition, qos, state, exit_code, num_tasks, alloc_cpus, gpus"
        let expected: [SQLValue] = [
            .text("nid7"), .text("gpu"), .text("a100"), .text("regular"), .text("TIMEOUT"), .text("0:9"), .integer(8),
            .integer(128), .integer(4),
        ]
        for view in ["named_runs", "named_packages"] {
            #expect(try database.rows("SELECT DISTINCT \(columns) FROM \(view) WHERE job_id = '1'") == [expected])
        }
        #expect(
            try database.rows("SELECT \(columns) FROM named_runs WHERE job IS NULL")
                == [[SQLValue](repeating: .null, count: 9)])
        #expect(try database.integer("SELECT count(DISTINCT subsystem) FROM named_days") == 1)
    }

    @Test("times are timestamps too, to the microsecond", arguments: Database.allCases)
    func times(engine: Database) throws {
        let database = try filled(engine)
        let columns = ["first_seen_at", "last_seen_at", "started_at"].map { column in
            switch engine {
            case .postgres: "CAST(\(column) AT TIME ZONE 'UTC' AS text)"
            case .sqlite: column
            }
        }
        let row = try database.rows("SELECT \(columns.joined(separator: ", ")) FROM named_runs WHERE job_id = '1'")
        let expected =
            switch engine {
            case .postgres:
                ["2026-11-21 12:00:00.000001", "2026-11-21 12:00:00.000001", "2026-11-21 11:59:00.000001"]
            case .sqlite:
                ["2026-11-21T12:00:00.000001Z", "2026-11-21T12:00:00.000001Z", "2026-11-21T11:59:00.000001Z"]
            }
        #expect(row == [expected.map { .text($0) }])
        let later = engine == .sqlite ? "'2026-11-21T12:00:00.000000Z'" : "TIMESTAMPTZ '2026-11-21 13:00:00+01'"
        #expect(try database.integer("SELECT count(*) FROM named_runs WHERE first_seen_at > \(later)") == 1)
    }

    @Test("PostgreSQL does not read dictionaries that a statement does not use") func unused() throws {
        let database = try filled(.postgres)
        let plan = try database.rows("EXPLAIN SELECT count(DISTINCT person) FROM named_runs WHERE staff <> 1")
        let text = plan.compactMap { $0[0].text }.joined(separator: "\n")
        #expect(text.contains("runs"))
        for table in ["clusters", "steps", "users", "executables", "programs", "environments", "relays", "hosts"] {
            #expect(!text.contains(table), "\(text)")
        }
    }
}
