import Glibc
import Jobs
import Record
import SampleRecords
import Store
import TestDatabases
import Testing

/// What packed days keep of the jobs of their runs.
@Suite struct PackedJobFactsTests {
    private static let columns: [DayRows.Column] = [.partition, .qos, .state, .cpus, .gpus]

    private func past(_ id: UInt64, job: String, day: Int64 = 0, _ change: (inout SampleRecord) -> Void = { _ in })
        -> SampleRecord
    {
        process(id).with {
            $0.time = noon - (365 - day) * Calendar.microsecondsPerDay
            $0[.jobID] = job
            change(&$0)
        }
    }

    /// A text for each row of usage, with names in the place of numbers.
    private func scanned(_ database: TestDatabase) throws -> [String] {
        var names: [String: [Int64: String]] = [:]
        for table in ["partitions", "qoses", "job_states"] {
            for row in try database.rows("SELECT id, name FROM \(table)") {
                names[table, default: [:]][row[0].integer ?? -1] = row[1].text
            }
        }
        var texts: [String] = []
        try PackedDays.scan(
            try database.location.reader(), from: nil, through: nil, Self.columns
        ) { (rows: DayRows) throws(StoreError) in
            for row in 0..<rows.count {
                func name(_ column: DayRows.Column, _ table: String) -> String {
                    names[table]?[rows[column][row]] ?? "?"
                }
                texts.append(
                    "\(name(.partition, "partitions"))/\(name(.qos, "qoses"))/\(name(.state, "job_states"))"
                        + "/\(rows[.cpus][row])/\(rows[.gpus][row])")
            }
        }
        return texts.sorted()
    }

    private func facts(_ job: String, _ state: String, cpus: Int64?, gpus: Int64?) -> JobFacts {
        var facts = JobFacts(jobID: job, state: state, isFinal: state != "RUNNING")
        facts.partition = "gpu"
        facts.qos = "debug"
        facts.allocatedCPUs = cpus
        facts.gpus = gpus
        return facts
    }

    private func note(_ database: TestDatabase, _ facts: [JobFacts]) throws {
        let ledger = database.location.makeJobLedger()
        let open = try openJobs(ledger, cluster: nil, now: noon, limit: 10)
        try ledger.note(
            try facts.map { found in
                .facts(row: try #require(open.first { $0.jobID == found.jobID }).row, found)
            })
    }

    @Test("partition, QOS, state, CPUs and GPUs, packed as in the tables", arguments: Database.allCases)
    func same(engine: Database) throws {
        let database = try TestDatabase(engine)
        var writing = try Writing(database)
        try writing.commit([
            past(1, job: "1"),
            past(2, job: "2") {
                $0[.partition] = "cpu"; $0[.qos] = "regular"
            },
            past(3, job: "3"), past(4, job: "4"), past(5, job: ""),
        ])
        try note(
            database,
            [
                facts("1", "COMPLETED", cpus: 128, gpus: 4), facts("3", "TIMEOUT", cpus: 2, gpus: 0),
                facts("4", "FAILED", cpus: nil, gpus: nil),
            ])
        let live = try scanned(database)
        #expect(
            live == [
                "///-1/-1", "cpu/regular//-1/-1", "gpu/debug/COMPLETED/128/4", "gpu/debug/FAILED/-1/-1",
                "gpu/debug/TIMEOUT/2/0",
            ])
        #expect(try packAll(database) == 1)
        #expect(try scanned(database) == live)
    }

    @Test("a change of these facts has the job's days packed again", arguments: Database.allCases)
    func changes(engine: Database) throws {
        let database = try TestDatabase(engine)
        var writing = try Writing(database)
        try writing.commit([past(1, job: "1"), past(2, job: "1", day: 1), past(3, job: "2", day: 2)])
        #expect(try packAll(database) == 3)
        // a claim that fills an empty column
        try writing.commit([past(4, job: "1", day: 3) { $0[.partition] = "cpu" }])
        #expect(try scanned(database) == ["///-1/-1", "cpu///-1/-1", "cpu///-1/-1", "cpu///-1/-1"])
        #expect(try packAll(database) == 3)
        try note(database, [facts("1", "RUNNING", cpus: 4, gpus: 1)])
        #expect(try packAll(database) == 3)
        try note(database, [facts("1", "OUT_OF_MEMORY", cpus: 4, gpus: 1)])
        #expect(try packAll(database) == 3)
        let out = "gpu/debug/OUT_OF_MEMORY/4/1"
        #expect(try scanned(database) == ["///-1/-1", out, out, out])
    }

    @Test("pruned usage has no job's facts", arguments: Database.allCases)
    func pruned(engine: Database) throws {
        let database = try TestDatabase(engine)
        var writing = try Writing(database)
        try writing.commit([past(1, job: "1") { $0[.partition] = "cpu" }])
        try note(database, [facts("1", "COMPLETED", cpus: 4, gpus: 1)])
        let day = Int(noon / Calendar.microsecondsPerDay)
        _ = try Pruning.run(database.location.maintainer(), before: day, today: day) { _, _ in }
        #expect(try scanned(database) == ["///-1/-1"])
        #expect(try packAll(database) == 1)
        #expect(try scanned(database) == ["///-1/-1"])
    }
}
