import Merge
import Record
import Store
import TestDatabases
import Testing

@Suite struct HostRowsTests {
    private func day(_ host: String, _ day: Int32, _ times: Int64...) -> HostDay {
        var counts = HostDay(host: host, day: day)
        for time in times { counts.add(at: time) }
        return counts
    }

    private func rows(_ database: TestDatabase) throws -> [String] {
        try database.rows("SELECT host, day, records, first_seen, last_seen FROM named_hosts ORDER BY host, day").map {
            "\($0[0].text ?? "-") \($0[2...].map { "\($0.integer ?? -1)" }.joined(separator: " "))"
        }
    }

    @Test("counts of hosts add up", arguments: Database.allCases) func sums(engine: Database) throws {
        let database = try TestDatabase(engine)
        let writing = try Writing(database)
        try writing.store.add([day("b", 100, 5, 9), day("a", 101, 7), day("a", 100, 1)])
        try writing.store.add([day("a", 100, 3, 0), day("b", 101, 2)])
        #expect(try rows(database) == ["a 3 0 3", "a 1 7 7", "b 2 5 9", "b 1 2 2"])
        // a name is the same row as that of a run
        #expect(try database.integer("SELECT count(*) FROM hosts") == 3)
    }

    @Test("hostile names are counted", arguments: Database.allCases) func hostile(engine: Database) throws {
        let database = try TestDatabase(engine)
        let writing = try Writing(database)
        try writing.store.add([day("x\0y", 100, 1), day("'; DROP TABLE hosts --", 100, 1), day("", 100, 1)])
        #expect(try rows(database).count == 3)
    }

    @Test("names that look alike are two hosts", arguments: Database.allCases) func alike(engine: Database) throws {
        let database = try TestDatabase(engine)
        let writing = try Writing(database)
        try writing.store.add([day("\u{FC}", 100, 1)])
        try writing.store.add([day("u\u{308}", 100, 1)])
        #expect(try rows(database).count == 2)
    }

    @Test("pruning takes the counts of its days", arguments: Database.allCases) func pruned(engine: Database) throws {
        let database = try TestDatabase(engine)
        let writing = try Writing(database)
        try writing.store.add([day("a", 100, 1), day("a", 101, 1), day("a", 102, 1)])
        _ = try Pruning.run(database.location.maintainer(), before: 101, today: 500) { _, _ in }
        #expect(try rows(database).count == 2)
    }
}
