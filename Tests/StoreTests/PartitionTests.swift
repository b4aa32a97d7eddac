import Glibc
import Record
import SampleRecords
import Store
import TestDatabases
import Testing

/// PostgreSQL's tables of months.
@Suite struct PartitionTests {
    /// 2025-03-01 UTC.
    private static let march = Calendar.days(year: 2_025, month: 3, day: 1)

    /// A store with a table for March 2025, as a daemon made it then. The table has 31 days of usage; ten earlier days
    /// lie beside it.
    private func store() throws -> (TestDatabase, Writing) {
        let database = try TestDatabase(.postgres)
        var writing = try Writing(database)
        let keys = [PartitionTests.march, PartitionTests.march + 31].map {
            Database.postgres.dialect.runKey(beginning: $0)
        }
        try database.connect().run(
            script: """
                CREATE TABLE runs_2025_03 (LIKE runs);
                ALTER TABLE runs ATTACH PARTITION runs_2025_03 FOR VALUES FROM (\(keys[0])) TO (\(keys[1]))
                """)
        try writing.commit((0..<41 as Range<UInt64>).map { used($0, day: PartitionTests.march - 10 + Int($0)) })
        return (database, writing)
    }

    private func used(_ id: UInt64, day: Int) -> SampleRecord {
        process(id).with {
            $0.time = (Int64(day) * 24 + 12) * 3_600_000_000
            $0[.jobID] = "job\(id % 7)"
        }
    }

    private func months(_ database: TestDatabase) throws -> [String] {
        try database.rows(
            """
            SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
            WHERE i.inhparent = CAST('customs.runs' AS regclass) ORDER BY c.relname
            """
        ).compactMap { $0[0].text }
    }

    @Test("there are tables for this month and the two after it, however often they are made") func ahead() throws {
        let database = try TestDatabase(.postgres)
        var writing = try Writing(database)
        let maintenance = database.location.makeMaintenance()
        try maintenance.makeAhead()
        try maintenance.makeAhead()
        let date = Calendar.date(days: Int(time(nil) / 86_400))
        let expected = (0..<3).map { later -> String in
            let month = date.year * 12 + date.month - 1 + later
            let number = month % 12 + 1
            return "runs_\(month / 12)_\(number < 10 ? "0" : "")\(number)"
        }
        #expect(try months(database) == (expected + ["runs_rest"]).sorted())
        // a record of today is in its month's table, and one of long ago in the rest
        try writing.commit([
            used(1, day: Int(time(nil) / 86_400)), used(2, day: Calendar.days(year: 2_001, month: 1, day: 1)),
        ])
        #expect(try database.integer("SELECT count(*) FROM \(expected[0])") == 1)
        #expect(try database.integer("SELECT count(*) FROM runs_rest") == 1)
    }

    @Test("usage of a month stays in its present table") func used() throws {
        let database = try TestDatabase(.postgres)
        var writing = try Writing(database)
        let today = Int(time(nil) / 86_400)
        let date = Calendar.date(days: today)
        let table = "runs_\(date.year)_\(date.month < 10 ? "0" : "")\(date.month)"
        try database.connect().run(script: "DROP TABLE \(table)")
        try writing.commit([used(1, day: today)])
        try database.location.makeMaintenance().makeAhead()
        #expect(try !months(database).contains(table))
        try writing.commit([used(2, day: today)])
        #expect(try database.integer("SELECT count(*) FROM runs_rest") == 2)
    }

    @Test("a month that is old goes as a whole, with the days before it", arguments: [0, 1, 31, 40])
    func pruned(days: Int) throws {
        let (database, _) = try store()
        #expect(try database.integer("SELECT count(*) FROM runs_2025_03") == 31)
        let before = PartitionTests.march + days
        let pruning = try Pruning.run(
            database.location.maintainer(), before: before, today: PartitionTests.march + 500
        ) { _, _ in }
        let gone = min(41, 10 + days)
        #expect(pruning.runs == gone && pruning.processes == gone)
        #expect(try database.integer("SELECT count(*) FROM runs") == Int64(41 - gone))
        #expect(try months(database).contains("runs_2025_03") == (days < 31))
        // each job counts once in each of the months
        let counted = try database.integer(
            """
            SELECT sum(p.jobs) FROM pruned_jobs p JOIN packages n ON n.id = p.package
            WHERE n.name = 'numpy' AND direct = 0
            """)
        #expect(counted == [0: 7, 1: 7, 31: 14, 40: 14][days])
    }

    @Test("a month that somebody reads all the time is emptied all the same") func busy() throws {
        let (database, _) = try store()
        let reader = try database.location.reader()
        try reader.run(script: "BEGIN; SELECT count(*) FROM runs_2025_03")
        let connection = try database.location.maintainer()
        let day = PartitionTests.march + 31
        let pruning = try Pruning.run(connection, before: day, today: day + 500) { _, _ in }
        #expect(pruning.runs == 41)
        #expect(try months(database).contains("runs_2025_03"))
        try reader.run(script: "COMMIT")
        #expect(try Pruning.run(connection, before: day, today: day + 500) { _, _ in }.runs == 0)
        #expect(try !months(database).contains("runs_2025_03"))
    }

    @Test("what is new is told from what is known across months, also of two daemons") func counted() throws {
        let (database, first) = try store()
        var one = first
        var two = try Writing(database, source: "another")
        let again = (100..<141 as Range<UInt64>).map { used($0, day: PartitionTests.march - 10 + Int($0 - 100)) }
        let new = (200..<210 as Range<UInt64>).map { used($0, day: PartitionTests.march + 20 + Int($0 - 200) * 2) }
        guard case .committed(let stored, let merged) = try two.commit(again + new) else {
            Issue.record("not committed")
            return
        }
        // the ten are jobs of their own numbers' rest by seven, and days of March and April
        let runs = try #require(try database.integer("SELECT count(*) FROM runs"))
        #expect(stored == UInt64(runs) - 41 && merged == 51 - stored)
        #expect(try database.integer("SELECT sum(processes) FROM runs") == 92)
        try one.commit([used(300, day: PartitionTests.march)])
        #expect(try database.integer("SELECT sum(processes) FROM runs") == 93)
    }
}
