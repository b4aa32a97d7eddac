import JSON
import Query
import Record
import Store
import TestDatabases
import Testing

@Suite struct CanaryReportTests {
    private let now: Int64 = 1_795_262_400_000_000
    private let minute: Int64 = 60_000_000

    private func database(_ engine: Database) throws -> TestDatabase {
        let database = try TestDatabase(engine)
        try database.location.makeStore().migrate()
        return database
    }

    private func run(
        _ name: String, expected: Int64 = 10, age: Int64 = 10, deadline: Int64 = -1, partition: String = "regular"
    ) -> CanaryRun {
        CanaryRun(
            run: name, submitted: now - age * minute, expected: expected, killed: 0, mode: .local,
            partition: partition,
            node: "", transport: "udp", deadline: now + deadline * minute)
    }

    private func receive(_ count: Int64, of expected: Int64, run: String, age: Int64 = 5, _ database: TestDatabase)
        throws
    {
        for sequence in 0..<count {
            _ = try database.rows(
                "INSERT INTO canary_records (run, seq, expected, received) VALUES (?, ?, ?, ?)",
                [.text(run), .integer(sequence), .integer(expected), .integer(now - age * minute)])
        }
    }

    private func ask(_ database: TestDatabase) throws -> CanaryReport {
        try CanaryReport.ask(database.location.reader(), now: now)
    }

    @Test("batches of some days, from the first moment to the last", arguments: Database.allCases)
    func ofDays(engine: Database) throws {
        let database = try database(engine)
        let ledger = database.location.makeCanaryLedger()
        let today = Int(now / Calendar.microsecondsPerDay)
        let sinceMidnight = (now - Int64(today) * Calendar.microsecondsPerDay) / minute
        for (name, minutes) in [("today", 0), ("yesterday", 1), ("before", 1_441)] as [(String, Int64)] {
            try ledger.add(run(name, age: sinceMidnight + minutes))
        }
        let report = try ask(database)
        func names(_ first: Int?, _ last: Int?) -> [String] {
            report.submitted(from: first, through: last).runs.map { $0.run }
        }
        #expect(names(nil, nil) == ["today", "yesterday", "before"])
        #expect(names(today, today) == ["today"])
        #expect(names(today - 1, nil) == ["today", "yesterday"])
        #expect(names(nil, today - 1) == ["yesterday", "before"])
        #expect(names(today - 1, today - 1) == ["yesterday"])
    }

    @Test("every state, and what is lost in it", arguments: Database.allCases) func states(engine: Database) throws {
        let database = try database(engine)
        let ledger = database.location.makeCanaryLedger()
        for (name, deadline) in [
            ("complete", 1), ("overdue", -1), ("submitted", 1), ("running", 1), ("started", 1), ("failed", -1),
        ] {
            try ledger.add(run(name, deadline: Int64(deadline)))
        }
        try receive(10, of: 10, run: "complete", database)
        try receive(8, of: 10, run: "overdue", database)
        try receive(1, of: 10, run: "running", database)
        var started = CanaryUpdate(run: "started")
        started.started = now
        try ledger.note(started)
        var failed = CanaryUpdate(run: "failed")
        failed.failure = "no python"
        try ledger.note(failed)
        let report = try ask(database)
        let told = Dictionary(uniqueKeysWithValues: report.runs.map { ($0.run, $0) })
        for name in ["complete", "overdue", "submitted", "running", "failed"] {
            #expect(told[name]?.state.rawValue == name)
        }
        #expect(told["started"]?.state == .running)
        #expect(told["failed"]?.failure == "no python")
        #expect(report.overall == CanaryReport.Sample(expected: 20, received: 18))
        #expect(report.overall.loss == 0.1)
        #expect(try Health.ask(database.location.reader(), now: now).canaryLoss == 0.1)
    }

    @Test("a run's line", arguments: Database.allCases) func line(engine: Database) throws {
        let database = try database(engine)
        try database.location.makeCanaryLedger().add(run("r", expected: 2))
        try receive(1, of: 2, run: "r", database)
        let upper = try #require(ExactBinomial.upper95(1, of: 2))
        let lower = try #require(ExactBinomial.lower95(1, of: 2))
        #expect(abs(upper - 0.95.squareRoot()) < 1e-9 && abs(lower - (1 - 0.95.squareRoot())) < 1e-9)
        #expect(
            try ask(database).answer.json.formatted == """
                [
                  {
                    "run": "r",
                    "submitted": "2026-11-21T11:50:00Z",
                    "expected": 2,
                    "received": 1,
                    "waiting": 0,
                    "lost": 1,
                    "loss": 0.5,
                    "loss_upper_95": \(upper),
                    "loss_lower_95": \(lower),
                    "state": "overdue",
                    "partition": "regular",
                    "node": null,
                    "transport": "udp",
                    "slurm_job": null,
                    "failure": null
                  }
                ]
                """)
    }

    @Test("nothing is lost while it may yet come", arguments: Database.allCases) func pending(engine: Database)
        throws
    {
        let database = try database(engine)
        try database.location.makeCanaryLedger().add(run("r", deadline: 1))
        try receive(3, of: 10, run: "r", database)
        let report = try ask(database)
        let text = report.answer.json.formatted
        #expect(text.contains("\"received\": 3") && text.contains("\"lost\": 0") && text.contains("\"loss\": null"))
        #expect(text.contains("\"waiting\": 7"))
        #expect(report.overall.loss == nil)
        #expect(try Health.ask(database.location.reader(), now: now).canaryLoss == nil)
    }

    @Test("a batch that this store has not sent out is none", arguments: Database.allCases)
    func strangers(engine: Database) throws {
        let database = try database(engine)
        try receive(49, of: 50, run: "theirs", age: 0, database)
        #expect(try ask(database).runs.isEmpty)
        #expect(try Health.ask(database.location.reader(), now: now).canaryLoss == nil)
        try database.location.makeCanaryLedger().add(run("ours", expected: 1))
        try receive(1, of: 1, run: "ours", database)
        #expect(try ask(database).overall == CanaryReport.Sample(expected: 1, received: 1))
        #expect(try ask(database).runs.map { $0.run } == ["ours"])
    }

    @Test("losses by the way that records took", arguments: Database.allCases) func paths(engine: Database) throws {
        let database = try database(engine)
        let ledger = database.location.makeCanaryLedger()
        for (name, partition, count) in [("a", "gpu", 10), ("b", "cpu", 9), ("c", "cpu", 8)] {
            try ledger.add(run(name, partition: partition))
            try receive(Int64(count), of: 10, run: name, database)
        }
        guard case .array(let paths) = try ask(database).byPath.json else { return #expect(Bool(false)) }
        let lines = paths.map { path -> String in
            guard case .object(let members) = path else { return "" }
            return members.filter { ["partition", "runs", "lost", "expected"].contains($0.key) }
                .map { "\($0.value)" }.joined(separator: " ")
        }
        #expect(lines.count == 2 && lines[0].contains("cpu") && lines[0].contains("20") && lines[0].contains("3"))
    }
}
