import Query
import Record
import SampleRecords
import Store
import TestDatabases
import Testing

@Suite struct RunKeyTests {
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
