import Jobs
import Merge
import Query
import Record
import SampleRecords
import Store
import TestDatabases
import Testing

@Suite struct JobRecurrenceTests {
    private let day = Calendar.microsecondsPerDay

    private func seen(_ id: UInt64, _ back: Int64, user: String = "ada") -> SampleRecord {
        process(id, user: user).with { $0.time = noon - back * day }
    }

    private func rows(_ database: TestDatabase) throws -> [[Int64?]] {
        let today = noon / day
        return try database.rows(
            "SELECT recurrence, first_day - \(today), last_day - \(today) FROM jobs ORDER BY first_day"
        ).map { $0.map { $0.integer } }
    }

    @Test("jobs with the same number have rows of their own, for every writer", arguments: Database.allCases)
    func rowsOfTheirOwn(engine: Database) throws {
        let database = try TestDatabase(engine)
        var one = try Writing(database)
        try one.commit([seen(1, 100), seen(2, 60), seen(3, 59), seen(4, 20)])
        #expect(try rows(database) == [[0, -100, -100], [1, -60, -59], [2, -20, -20]])
        // another daemon knows nothing of that, and the first learns nothing
        var other = try Writing(database, source: "other")
        try other.commit([seen(5, 99), seen(6, 300), seen(7, 58)])
        try one.commit([seen(8, 98), seen(9, 301)])
        #expect(try rows(database) == [[3, -301, -300], [0, -100, -98], [1, -60, -58], [2, -20, -20]])
        #expect(try database.rows("SELECT count(*) FROM runs r JOIN jobs j ON j.id = r.job")[0][0].integer == 9)
        let reports = try JobReport.ask(database.location.reader(), jobID: "4711")
        #expect(reports.map { $0.runs.count } == [1, 3, 3, 2], "the newest first")
    }

    @Test("two jobs that turn out to be one become one", arguments: Database.allCases)
    func united(engine: Database) throws {
        let database = try TestDatabase(engine)
        var writing = try Writing(database)
        try writing.commit([
            seen(1, 40), seen(2, 26).with { $0[.account] = "m9" }, seen(3, 100, user: "eve"),
        ])
        let packer = try database.location.maintainer()
        for day in try Packing.due(packer) { try Packing.pack(packer, day: day) }
        #expect(try rows(database).count == 3)
        try writing.commit([seen(4, 33)])
        #expect(try rows(database) == [[0, -100, -100], [1, -40, -26]])
        let report = try #require(try JobReport.ask(database.location.reader(), jobID: "4711").first)
        #expect(report.runs.count == 3 && report.account == "m9")
        var filter = UsageFilter()
        filter.account = "m9"
        let top = try TopUsage.ask(database.location.reader(), filter)
        #expect(top.rows.map { $0.totals.processes } == [3, 3], "packed days know of it")
        // a long process shows that three are one, and the daemon goes on
        try writing.commit([seen(7, 300), seen(8, 280), seen(9, 260)])
        try writing.commit([seen(10, 250).with { $0.elapsed = 50 * 86_400 }])
        #expect(try rows(database).map { $0[1] } == [-300, -100, -40])
        try database.connect().query("DELETE FROM jobs WHERE first_day < \(noon / day - 200)")
        try writing.commit([seen(5, 25), seen(6, 101, user: "eve")])
        #expect(try rows(database) == [[0, -101, -100], [1, -40, -25]])
    }

    @Test("Slurm knows that a silent job ran all the time", arguments: Database.allCases)
    func silent(engine: Database) throws {
        let database = try TestDatabase(engine)
        var writing = try Writing(database)
        try writing.commit([seen(1, 30)])
        var facts = JobFacts(jobID: "4711", state: "RUNNING", isFinal: false)
        facts.start = noon - 30 * day
        facts.timeLimitSeconds = 30 * 86_400
        let ledger = database.location.makeJobLedger()
        #expect(try ledger.findOpenJobs(cluster: nil, now: noon) == 1)
        let row = try #require(try ledger.nextOpenJobs(limit: 1).first).row
        try ledger.note([.facts(row: row, facts)])
        try writing.commit([seen(2, 1)])
        #expect(try rows(database) == [[0, -30, -1]])
    }
}
