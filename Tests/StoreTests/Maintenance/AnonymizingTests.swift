import Query
import Record
import SampleRecords
import Store
import TestDatabases
import Testing

@Suite struct AnonymizingTests {
    @Test("links are cut in one pass over the days, each up to its own day", arguments: Database.allCases)
    func unlink(engine: Database) throws {
        let database = try TestDatabase(engine)
        let day = Calendar.microsecondsPerDay
        let today = Int(noon / day)
        let users = (0..<6).map { "user\($0)" }
        var id: UInt64 = 0
        var writing = try Writing(database)
        for user in users {
            for back in [0, 10, 20, 30] as [Int64] {
                id += 1
                let sample = process(id, user: user).with {
                    $0.time = noon - back * day; $0[.jobID] = "\(user.utf8.last ?? 0)"
                }
                writing.add([sample])
            }
        }
        try writing.commit()
        let key = try #require(PseudonymKey([UInt8](repeating: 7, count: PseudonymKey.length)))
        let connection = try database.location.maintainer()
        func anonymize(before back: Int) throws {
            _ = try Anonymizing.run(
                connection, before: today - back, .init(key: key, homes: [], kinds: { _, _ in "other" }),
                progress: { _, _ in })
        }
        try anonymize(before: 15)
        // half of them have their names from another day on
        try connection.query("UPDATE users SET named_from = named_from + 10 WHERE name IN ('user1', 'user3', 'user5')")
        var steps: [[Int]] = []
        try Anonymizing.unlink(connection) { steps.append([$0, $1]) }
        #expect(steps == [[1, 3], [2, 3], [3, 3]])
        for (place, user) in users.enumerated() {
            let told = [user, key.pseudonym(of: user)].map { name in
                try? database.integer(
                    """
                    SELECT COALESCE(sum(r.processes), 0) FROM runs r JOIN users u ON u.id = r.usr
                    WHERE u.name = '\(name)'
                    """)
            }
            #expect(told == (place % 2 == 0 ? [2, 2] : [1, 3]), "\(user)")
        }
        #expect(try database.integer("SELECT count(*) FROM users WHERE id <> 0 AND pseudonym <> name") == 0)
    }
}
