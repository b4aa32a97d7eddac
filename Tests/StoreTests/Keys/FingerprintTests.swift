import Checksum
import Merge
import Record
import SampleRecords
import Store
import TestDatabases
import Testing

/// Two different things never share a row, whatever their fingerprints are.
@Suite struct FingerprintTests {
    private let kernel = Envelope(arrival: noon, identity: .kernel, uid: 7, pid: 1)

    private func conflicts(_ database: TestDatabase) throws -> Int64? {
        try database.integer("SELECT COALESCE(sum(value), 0) FROM counters WHERE name = 'fingerprint_conflict'")
    }

    @Test("stacks and environments that XXH64 takes for one are two", arguments: Database.allCases)
    func colliding(engine: Database) throws {
        let (versions, prefixes) = (CollidingTexts.versions, CollidingTexts.prefixes)
        for seed in [0, 1] as [UInt64] {
            let hashes = [versions.one, versions.other].map { version in
                var key = CompoundKey()
                key.append(Stack.Package(name: "numpy", version: version, direct: nil))
                return XXH64.hash(key.bytes, seed: seed)
            }
            #expect(hashes[0] == hashes[1])
        }
        let database = try TestDatabase(engine)
        var writing = try Writing(database)
        let samples = [versions.one, versions.other].enumerated().map { place, version in
            process(UInt64(place)).with {
                $0.packages = [.init("numpy", version)]
                $0.direct = nil
                $0[.prefix] = place == 0 ? prefixes.one : prefixes.other
                $0[.python] = "3.12.1"
            }
        }
        for sample in samples { try writing.commit([sample]) }
        #expect(try database.integer("SELECT count(*) FROM stacks") == 2)
        #expect(try database.integer("SELECT count(*) FROM environments") == 2)
        #expect(try database.integer("SELECT count(*) FROM runs") == 2)
        #expect(
            try database.integer("SELECT max(n) FROM (SELECT count(*) AS n FROM stack_packages GROUP BY stack) s") == 1)
        #expect(try conflicts(database) == 0)
    }

    @Test("a stack's row with other packages is another stack's, and gets none", arguments: Database.allCases)
    func foreignStack(engine: Database) throws {
        let database = try TestDatabase(engine)
        var writing = try Writing(database)
        try writing.commit([process(1)])
        // as after a collision: the row with this fingerprint holds something else
        let connection = try database.connect()
        for change in [
            "UPDATE stack_packages SET version = '9' WHERE version IS NOT NULL",
            "DELETE FROM stack_packages WHERE version IS NOT NULL",
            "UPDATE stack_packages SET direct = 1 - direct",
        ] {
            try connection.query(change)
            let before = try database.rows("SELECT stack, package, version, direct FROM stack_packages ORDER BY 1, 2")
            let stacks = try database.integer("SELECT count(*) FROM stacks")
            let known = try conflicts(database) ?? 0
            writing = try Writing(database, source: change)
            #expect(try writing.commit([process(2)]) == .committed(stored: 1, merged: 0))
            #expect(try database.integer("SELECT count(*) FROM stacks") == stacks.map { $0 + 1 })
            let after = try database.rows("SELECT stack, package, version, direct FROM stack_packages ORDER BY 1, 2")
            #expect(after.filter { before.contains($0) } == before)
            #expect(try conflicts(database) ?? 0 > known)
            #expect(writing.store.fingerprintConflicts > 0)
            try connection.query("DELETE FROM runs")
        }
        // another daemon finds the same second row
        writing = try Writing(database, source: "another")
        let stacks = try database.integer("SELECT count(*) FROM stacks")
        #expect(try writing.commit([process(3)]) == .committed(stored: 1, merged: 0))
        #expect(try database.integer("SELECT count(*) FROM stacks") == stacks)
    }

    @Test("an environment's row with other texts is another environment's", arguments: Database.allCases)
    func foreignEnvironment(engine: Database) throws {
        let database = try TestDatabase(engine)
        var writing = try Writing(database)
        try writing.commit([process(1)])
        try database.connect().query("UPDATE environments SET prefix = '/elsewhere'")
        writing = try Writing(database, source: "another")
        #expect(try writing.commit([process(2)]) == .committed(stored: 1, merged: 0))
        #expect(
            try database.rows("SELECT prefix FROM environments ORDER BY id")
                == [[.text("/elsewhere")], [.text("/opt/python")]])
        #expect(try conflicts(database) == 1)
    }

    @Test("a run's row of another user is another run's, and gets no process", arguments: Database.allCases)
    func foreignRun(engine: Database) throws {
        let database = try TestDatabase(engine)
        var writing = try Writing(database)
        try writing.commit([process(1), process(2, user: "eve")])
        let eve = try database.integer("SELECT id FROM users WHERE name = 'eve'") ?? -1
        try database.connect().query("UPDATE runs SET usr = ?", [.integer(eve)])
        #expect(try writing.commit([process(3)]) == .committed(stored: 1, merged: 0))
        #expect(try conflicts(database) == 1)
        // the row of the second key is found again
        #expect(try writing.commit([process(4)]) == .committed(stored: 0, merged: 1))
        #expect(
            try database.rows(
                "SELECT u.name, r.processes FROM runs r JOIN users u ON u.id = r.usr ORDER BY u.name, r.processes")
                == [[.text("ada"), .integer(2)], [.text("eve"), .integer(1)], [.text("eve"), .integer(1)]])
    }

    @Test("no process without a voucher joins a vouched run, nor the other way round", arguments: Database.allCases)
    func vouchers(engine: Database) throws {
        let database = try TestDatabase(engine)
        var writing = try Writing(database)
        let relays = ["one", "two"].map { Envelope(arrival: noon, identity: .relay, relay: RelayName($0)) }
        let senders = [Envelope(arrival: noon), kernel] + relays
        var id: UInt64 = 0
        // in one batch, and over several
        for _ in 0..<3 {
            for (count, envelope) in senders.enumerated() {
                for _ in 0...count {
                    id += 1
                    writing.add([process(id).with { $0.uid = 7 }], envelope)
                }
            }
            try writing.commit()
        }
        let rows = try database.rows(
            """
            SELECT r.flags & 4, y.name, r.processes FROM runs r JOIN relays y ON y.id = COALESCE(r.relay, 0)
            ORDER BY r.processes
            """)
        #expect(
            rows == [
                [.integer(0), .text(""), .integer(3)], [.integer(4), .text(""), .integer(6)],
                [.integer(4), .text("one"), .integer(9)], [.integer(4), .text("two"), .integer(12)],
            ])
        #expect(
            try database.rows("SELECT vouched, relay FROM named_runs ORDER BY processes")
                == [
                    [.integer(0), .null], [.integer(1), .null], [.integer(1), .text("one")],
                    [.integer(1), .text("two")],
                ])
    }

    @Test("all daemons of a store have one key, and stores have different ones", arguments: Database.allCases)
    func keys(engine: Database) throws {
        let keys = try (0..<2).map { _ in
            let database = try TestDatabase(empty: engine)
            var one = try Writing(database, source: "one")
            var two = try Writing(database, source: "two")
            try one.commit([process(1)])
            #expect(try two.commit([process(2)]) == .committed(stored: 0, merged: 1))
            #expect(try one.store.fingerprintKey() == two.store.fingerprintKey())
            return try one.store.fingerprintKey()
        }
        #expect(keys[0] != keys[1])
    }

    @Test("an archive of a store of version 1 is known by its former identity", arguments: Database.allCases)
    func formerArchives(engine: Database) throws {
        let database = try TestDatabase(engine)
        let former = try Writing(database, source: "journal").store
        _ = try former.open(source: "archive:old", kind: .archive, host: "here")
        try database.connect().query("UPDATE sources SET sequence = 9, tally = 9 WHERE identity = 'archive:old'")
        let store = database.location.makeStore()
        func open(_ identity: String) throws -> SourcePosition? {
            try store.open(source: identity, formerly: "archive:old", kind: .archive, host: "here", incarnation: nil)
                .position
        }
        #expect(try open("archive:new") == SourcePosition(sequence: 9, tally: 9))
        // the former identity has been used up: another archive with it is another one
        #expect(try open("archive:other") == nil)
        #expect(try open("archive:new") == SourcePosition(sequence: 9, tally: 9))
    }
}
