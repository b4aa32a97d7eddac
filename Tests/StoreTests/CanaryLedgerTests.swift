import Query
import Record
import Store
import TestDatabases
import Testing

@Suite struct CanaryLedgerTests {
    private let day: Int64 = 86_400_000_000

    private func run(_ name: String, at moment: Int64, mode: CanaryMode = .local) -> CanaryRun {
        CanaryRun(
            run: name, submitted: moment, expected: 2, killed: 0, mode: mode, partition: "", node: "",
            transport: "udp", deadline: moment + day)
    }

    private func receive(_ database: TestDatabase, _ name: String, _ sequence: Int64, at moment: Int64) throws {
        _ = try database.rows(
            "INSERT INTO canary_records (run, seq, expected, received) VALUES (?, ?, 2, ?)",
            [.text(name), .integer(sequence), .integer(moment)])
    }

    @Test("all who write to a store have one key, which is made once", arguments: Database.allCases)
    func key(engine: Database) throws {
        let database = try TestDatabase(engine)
        let store = database.location.makeStore()
        try store.migrate()
        let key = try database.location.makeCanaryLedger().key()
        #expect(try store.canaryKey() == key)
        #expect(try database.location.makeStore().canaryKey() == key)
        #expect(try database.integer("SELECT count(*) FROM store_keys WHERE name = 'canary'") == 1)
        let other = try TestDatabase(engine)
        try other.location.makeStore().migrate()
        #expect(try other.location.makeCanaryLedger().key() != key)
    }

    @Test("what is pruned of a run is pruned whole, and is no loss", arguments: Database.allCases)
    func pruned(engine: Database) throws {
        let database = try TestDatabase(engine)
        try database.location.makeStore().migrate()
        let ledger = database.location.makeCanaryLedger()
        let today = Int(noon / day)
        let midnight = Int64(today) * day
        for (name, moment) in [("old", midnight - 9 * day), ("across", midnight - 1), ("new", midnight + 1)] {
            try ledger.add(run(name, at: moment))
            for sequence in 1...2 as ClosedRange<Int64> {
                try receive(database, name, sequence, at: moment + sequence * 1_000)
            }
        }
        let told = try Pruning.preview(database.connect(), before: today, today: today)
        let done = try Pruning.run(database.connect(), before: today, today: today) { _, _ in }
        #expect(told == done)
        #expect(done.canaryRecords == 4)
        let report = try CanaryReport.ask(database.connect(), now: noon + 3 * day)
        #expect(report.runs.map { "\($0.run) \($0.state)" } == ["new complete"])
        #expect(report.overall == CanaryReport.Sample(expected: 2, received: 2))
    }

    @Test("a run whose sender was ended could not run, and that is no loss", arguments: Database.allCases)
    func cutShort(engine: Database) throws {
        let database = try TestDatabase(engine)
        try database.location.makeStore().migrate()
        let ledger = database.location.makeCanaryLedger()
        let hour: Int64 = 3_600_000_000
        try ledger.add(run("local cut short", at: noon))
        try ledger.add(run("no job's number", at: noon + 1, mode: .sbatch))
        try ledger.add(run("a job", at: noon + 2, mode: .sbatch))
        var submitted = CanaryUpdate(run: "a job")
        submitted.slurmJob = "7"
        try ledger.note(submitted)
        try ledger.add(run("lossy", at: noon + 3))
        var ended = CanaryUpdate(run: "lossy")
        (ended.ended, ended.deadline) = (noon + 4, noon + hour)
        try ledger.note(ended)
        try ledger.add(run("at it", at: noon + hour))
        try receive(database, "local cut short", 1, at: noon + 5)

        try ledger.giveUp(now: noon + hour + 120_000_004)
        let report = try CanaryReport.ask(database.connect(), now: noon + 2 * hour)
        #expect(
            report.runs.map { "\($0.run): \($0.state)" } == [
                "at it: submitted", "lossy: overdue", "a job: submitted", "no job's number: failed",
                "local cut short: failed",
            ])
        #expect(report.overall == CanaryReport.Sample(expected: 2, received: 0))
    }
}
