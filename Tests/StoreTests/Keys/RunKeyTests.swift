import Query
import Record
import SampleRecords
import Store
import TestDatabases
import Testing

@Suite struct RunKeyTests {
    @Test("runs have one key in every daemon of a store, whatever came before", arguments: Database.allCases)
    func identity(engine: Database) throws {
        let database = try TestDatabase(engine)
        var one = try Writing(database, source: "one")
        try one.commit([process(1), process(2, user: "bob")])
        var other = try Writing(database, source: "other")
        try other.commit((10..<20).map { process($0, user: "user \($0)", program: "\($0)") })
        #expect(try other.commit([process(3, user: "bob"), process(4)]) == .committed(stored: 0, merged: 2))
    }

    @Test(
        "the key begins with the day and the number of the job",
        arguments: [
            ("4711", 4_711), ("4711_3", 4_711), ("4711+1", 4_711), ("j4711", 0), ("999999999999999", 1 << 48 - 1),
            ("99999999999999999999999999", 0),
        ] as [(String, UInt64)])
    func sorting(job: String, number: UInt64) throws {
        let database = try TestDatabase(.sqlite)
        var writing = try Writing(database)
        try writing.commit([process(1).with { $0[.jobID] = job }])
        let key = try #require(try database.rows("SELECT run FROM runs").first?[0].bytes)
        let high = key.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
        #expect(high >> 48 == 20_778)
        #expect(high & (1 << 48 - 1) == number)
    }

    @Test(
        "a job's runs are found by the number that its id begins with, whatever the id",
        arguments: Database.allCases)
    func jobs(engine: Database) throws {
        let database = try TestDatabase(engine)
        var writing = try Writing(database)
        let ids = [
            "0", "1", "12", "12.a", "12.b", "120", "abc", "-5", "281474976710655", "281474976710656",
            "99999999999999999999",
        ]
        try writing.commit(
            ids.enumerated().flatMap { place, id in
                (0...place).map { step in
                    process(UInt64(100 * place + step)).with {
                        $0[.jobID] = id
                        $0[.stepID] = "\(step)"
                        $0.time = noon + Int64(step % 3) * Calendar.microsecondsPerDay
                    }
                }
            } + [process(9_999).with { $0[.jobID] = nil }])
        let connection = try database.location.maintainer()
        for _ in 0..<2 {
            for (place, id) in ids.enumerated() {
                let report = try #require(try JobReport.ask(connection, jobID: id).first, "\(id)")
                #expect(report.runs.count == place + 1, "\(id)")
                #expect(Set(report.runs.map { $0.step }).count == place + 1, "\(id)")
            }
            // the same for packed days
            for day in try Packing.due(connection) { try Packing.pack(connection, day: day) }
        }
    }
}
