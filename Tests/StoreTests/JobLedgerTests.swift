import Jobs
import Query
import Record
import SampleRecords
import Store
import TestDatabases
import Testing

@Suite struct JobLedgerTests {
    private func facts(_ id: String, state: String, isFinal: Bool = true) -> JobFacts {
        var facts = JobFacts(jobID: id, state: state, isFinal: isFinal)
        facts.username = "ada"
        facts.uid = 501
        facts.account = "m1"
        facts.qos = "regular"
        facts.partition = "cpu"
        facts.name = "night\u{0}ly"
        facts.nodeList = "nid[1-4]"
        facts.numNodes = 4
        facts.submit = noon - 3
        facts.start = noon - 2
        facts.end = isFinal ? noon - 1 : nil
        facts.elapsedSeconds = 60
        facts.timeLimitSeconds = 120
        facts.exitCode = "0:0"
        return facts
    }

    @Test("a job is open from its first record to Slurm's final data", arguments: Database.allCases)
    func life(engine: Database) throws {
        let database = try TestDatabase(engine)
        var writing = try Writing(database)
        try writing.commit([process(1).with { $0.numTasks = 8 }])
        let ledger = database.location.makeJobLedger()
        let open = try openJobs(ledger, cluster: "perlmutter", now: noon, limit: 10)
        let row = try #require(open.first).row
        let today = noon / Calendar.microsecondsPerDay
        #expect(
            open == [
                OpenJob(row: row, cluster: "perlmutter", jobID: "4711", restart: 0, attempts: 0, days: today...today)
            ])
        #expect(try openJobs(ledger, cluster: "alvarez", now: noon, limit: 10).isEmpty)

        try ledger.note([.facts(row: row, facts("4711", state: "RUNNING", isFinal: false))])
        #expect(try openJobs(ledger, cluster: nil, now: noon, limit: 10).count == 1)
        try ledger.note([.facts(row: row, facts("4711", state: "TIMEOUT"))])
        #expect(try openJobs(ledger, cluster: nil, now: noon, limit: 10).isEmpty)

        let job = try #require(try JobReport.ask(database.location.reader(), jobID: "4711").first)
        #expect(job.source == .slurm && job.state == "TIMEOUT" && job.exitCode == "0:0")
        #expect(job.username == "ada" && job.account == "m1" && job.qos == "regular" && job.partition == "cpu")
        #expect(job.name == "nightly" && job.nodeList == "nid[1-4]" && job.numNodes == 4)
        #expect(job.numTasks == 8, "what Slurm does not say stays")
        #expect(job.submit == noon - 3 && job.start == noon - 2 && job.end == noon - 1)
        #expect(job.elapsedSeconds == 60 && job.timeLimitSeconds == 120)
    }

    @Test("resources are kept, and what Slurm does not say again stays", arguments: Database.allCases)
    func resources(engine: Database) throws {
        let database = try TestDatabase(engine)
        var writing = try Writing(database)
        try writing.commit([process(1)])
        let columns = "SELECT alloc_cpus, cpu_seconds, gpus, req_mem, max_rss, steps FROM jobs"
        #expect(try database.rows(columns) == [[.null, .null, .null, .null, .null, .null]])
        let ledger = database.location.makeJobLedger()
        let row = try #require(try openJobs(ledger, cluster: nil, now: noon, limit: 1).first).row
        var found = facts("4711", state: "RUNNING", isFinal: false)
        found.allocatedCPUs = 128
        found.gpus = 4
        try ledger.note([.facts(row: row, found)])
        found = facts("4711", state: "COMPLETED")
        found.cpuSeconds = 1 << 40
        found.requestedMemory = 1 << 50
        found.largestResidentSet = 3 << 40
        found.steps = 2
        try ledger.note([.facts(row: row, found)])
        let expected: [Int64] = [128, 1 << 40, 4, 1 << 50, 3 << 40, 2]
        #expect(try database.rows(columns) == [expected.map { .integer($0) }])
        #expect(
            try database.rows("SELECT name FROM job_states ORDER BY name")
                == [[.text("")], [.text("COMPLETED")], [.text("RUNNING")]])
        let job = try #require(try JobReport.ask(database.location.reader(), jobID: "4711").first)
        #expect(job.resources.allocatedCPUs == 128 && job.resources.cpuSeconds == 1 << 40 && job.resources.gpus == 4)
        #expect(job.resources.requestedMemory == 1 << 50 && job.resources.largestResidentSet == 3 << 40)
        #expect(job.resources.steps == 2)
    }

    @Test("records that come later change nothing of what Slurm said", arguments: Database.allCases)
    func slurmWins(engine: Database) throws {
        let database = try TestDatabase(engine)
        var writing = try Writing(database)
        try writing.commit([process(1, user: "eve").with { $0[.account] = "m9" }])
        let ledger = database.location.makeJobLedger()
        let row = try #require(try openJobs(ledger, cluster: nil, now: noon, limit: 1).first).row
        try ledger.note([.facts(row: row, facts("4711", state: "COMPLETED"))])
        try writing.commit([
            process(2, user: "bob").with {
                $0[.qos] = "debug"; $0[.partition] = "cpu"
            }
        ])
        let job = try #require(try JobReport.ask(database.location.reader(), jobID: "4711").first)
        #expect(job.username == "ada" && job.account == "m1" && job.qos == "regular")

        let claims = try ClaimReport.ask(database.location.reader(), limit: 10)
        #expect(claims.jobsChecked == 1 && claims.differing == 4)
        #expect(
            claims.differences.map { "\($0.field) \($0.claimed) \($0.actual)" } == [
                "account m9 m1", "qos debug regular", "username bob ada", "username eve ada",
            ])
    }

    @Test("a user known by number alone differs only if the number does", arguments: Database.allCases)
    func numbers(engine: Database) throws {
        let database = try TestDatabase(engine)
        var writing = try Writing(database)
        try writing.commit([501, 502].map { uid in process(UInt64(uid), user: "").with { $0.uid = uid } })
        let ledger = database.location.makeJobLedger()
        let row = try #require(try openJobs(ledger, cluster: nil, now: noon, limit: 1).first).row
        try ledger.note([.facts(row: row, facts("4711", state: "COMPLETED"))])
        let claims = try ClaimReport.ask(database.location.reader(), limit: 10)
        #expect(claims.differences.map { $0.claimed } == ["#502"])
    }

    @Test(
        "a job that is not known yet is due later; a job that Slurm will never know is given up",
        arguments: Database.allCases)
    func later(engine: Database) throws {
        let database = try TestDatabase(engine)
        var writing = try Writing(database)
        try writing.commit([process(1), process(2).with { $0[.jobID] = "12" }, process(3).with { $0.restart = 1 }])
        let ledger = database.location.makeJobLedger()
        let rows = try openJobs(ledger, cluster: nil, now: noon, limit: 10).map { $0.row }
        #expect(rows.count == 3)
        try ledger.note([.later(row: rows[0], attempts: 3, due: noon + 5), .unknown(row: rows[1])])
        #expect(try openJobs(ledger, cluster: nil, now: noon, limit: 10).map { $0.row } == [rows[2]])
        let due = try openJobs(ledger, cluster: nil, now: noon + 5, limit: 10)
        #expect(due.map { $0.row } == [rows[2], rows[0]])
        #expect(due.last?.attempts == 3)
    }

    @Test("open jobs come in parts, each once", arguments: Database.allCases) func parts(engine: Database) throws {
        let database = try TestDatabase(engine)
        var writing = try Writing(database)
        try writing.commit((1...5).map { number in process(UInt64(number)).with { $0[.jobID] = "\(number)" } })
        let ledger = database.location.makeJobLedger()
        let all = try openJobs(ledger, cluster: nil, now: noon, limit: 10)
        // the first is due later than the others, so it comes last
        try ledger.note([.later(row: all[0].row, attempts: 1, due: noon - 1)])
        var found: [OpenJob] = []
        var sizes: [Int] = []
        #expect(try ledger.findOpenJobs(cluster: "perlmutter", now: noon) == 5)
        repeat {
            let part = try ledger.nextOpenJobs(limit: 2)
            sizes.append(part.count)
            found += part
        } while sizes.last == 2
        #expect(sizes == [2, 2, 1])
        #expect(found.map { $0.row } == all.dropFirst().map { $0.row } + [all[0].row])
    }

    @Test("texts of any length are taken", arguments: Database.allCases) func long(engine: Database) throws {
        let database = try TestDatabase(engine)
        var writing = try Writing(database)
        try writing.commit([process(1)])
        let ledger = database.location.makeJobLedger()
        let row = try #require(try openJobs(ledger, cluster: nil, now: noon, limit: 1).first).row
        var facts = facts("4711", state: "COMPLETED")
        facts.nodeList = String(repeating: "nid[1-2],", count: 100_000)
        facts.account = String(repeating: "ä", count: 5_000)
        facts.name = "x" + String(repeating: "ä", count: 5_000)
        try ledger.note([.facts(row: row, facts)])
        // cut in bytes, and where a character ends
        #expect(try database.rows("SELECT name FROM jobs") == [[.text("x" + String(repeating: "ä", count: 999))]])
        #expect(try JobReport.ask(database.location.reader(), jobID: "4711").first?.account?.isEmpty == false)
    }
}

/// The first open jobs of a sweep.
func openJobs(_ ledger: any JobLedger, cluster: String?, now: Int64, limit: Int) throws -> [OpenJob] {
    _ = try ledger.findOpenJobs(cluster: cluster, now: now)
    return try ledger.nextOpenJobs(limit: limit)
}
