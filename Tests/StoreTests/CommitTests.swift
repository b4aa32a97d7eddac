import Merge
import Record
import SampleRecords
import Store
import TestDatabases
import Testing

@Suite struct CommitTests {
    @Test("a commit writes the batch and moves the position", arguments: Database.allCases)
    func writes(engine: Database) throws {
        let database = try TestDatabase(engine)
        var writing = try Writing(database)
        let outcome = try writing.commit([process(1), process(2), process(3, user: "bob"), process(1)])
        #expect(outcome == .committed(stored: 2, merged: 1))
        let row = try database.rows("SELECT sequence, tally, head_tally, last_record, kind, host FROM sources")
        #expect(row == [[.integer(4), .integer(4), .integer(4), .integer(noon), .text("daemon"), .text("here")]])
        let tail = "/opt/python/bin/python3 | run.py | nid001 | /opt/python | 3.12.1"
        #expect(
            try Set(runTexts(database)) == [
                "ada | perlmutter | 4711 | 0 | \(tail) | 2 | numpy=2.1/1 | os=-/0",
                "bob | perlmutter | 4711 | 0 | \(tail) | 1 | numpy=2.1/1 | os=-/0",
            ])
        #expect(try counters(database) == ["stored": 2, "merged": 1, "duplicate": 1])
    }

    @Test("runs of later batches merge into those that are there", arguments: Database.allCases)
    func merges(engine: Database) throws {
        let database = try TestDatabase(engine)
        var writing = try Writing(database)
        #expect(
            try writing.commit([
                process(1).with {
                    $0.end = .killed; $0.rank = 0
                }
            ]) == .committed(stored: 1, merged: 0))
        let later = [
            process(2).with {
                $0.time = noon; $0.elapsed = 5; $0.end = .exception; $0.rank = 1
            },
            process(3).with {
                $0.time = noon - 90_000_000; $0.elapsed = 100; $0.end = .signal
            },
            process(4, user: "bob"),
        ]
        #expect(try writing.commit(later) == .committed(stored: 1, merged: 2))
        let row = try database.rows(
            """
            SELECT processes, ranks, exceptions, signals, killed, first_seen, last_seen, started FROM runs
            WHERE usr = (SELECT id FROM users WHERE name = 'ada')
            """)
        #expect(
            row == [[3, 2, 1, 1, 1, noon - 90_000_000, noon, noon - 190_000_000].map { SQLValue.integer(Int64($0)) }])
        #expect(try counters(database) == ["stored": 2, "merged": 2])
        #expect(try database.integer("SELECT sum(processes) FROM runs") == 4)
        #expect(try database.integer("SELECT count(*) FROM jobs") == 1)
    }

    @Test("the same commit again changes nothing", arguments: Database.allCases)
    func again(engine: Database) throws {
        let database = try TestDatabase(engine)
        var writing = try Writing(database)
        try writing.commit([process(1)])
        writing.add([process(2), process(3, user: "bob"), process(4).with { $0.beCanary(of: "c", 1, of: 2) }])
        let from = SourcePosition(sequence: 1, tally: 1)
        let to = SourcePosition(sequence: 4, tally: 4)
        let batch = writing.merger.batch
        let vocabulary = writing.merger.vocabulary
        #expect(try writing.store.commit(batch, vocabulary: vocabulary, from: from, to: to) != .alreadyCommitted)
        let before = (try runTexts(database), try counters(database))
        #expect(try writing.store.commit(batch, vocabulary: vocabulary, from: from, to: to) == .alreadyCommitted)
        // the same for a daemon that died before it got the answer
        let other = database.location.makeStore()
        let state = try other.open(source: "source", kind: .daemon, host: "here")
        #expect(state.position == to)
        #expect(try other.commit(batch, vocabulary: vocabulary, from: from, to: to) == .alreadyCommitted)
        #expect(try runTexts(database) == before.0)
        #expect(try counters(database) == before.1)
        #expect(try database.integer("SELECT sum(processes) FROM runs") == 3)
    }

    @Test("a commit of expired parts moves no position and yet counts once", arguments: Database.allCases)
    func expiredAgain(engine: Database) throws {
        let database = try TestDatabase(engine)
        var writing = try Writing(database)
        try writing.commit([
            process(1).with {
                $0.part = 1; $0.parts = 2
            }
        ])
        writing.merger.expireParts(now: noon + 120_000_000)
        let (batch, vocabulary) = (writing.merger.batch, writing.merger.vocabulary)
        let here = SourcePosition(sequence: 1, tally: 1)
        #expect(
            try writing.store.commit(batch, vocabulary: vocabulary, from: here, to: here)
                == .committed(stored: 1, merged: 0))
        #expect(try writing.store.commit(batch, vocabulary: vocabulary, from: here, to: here) == .alreadyCommitted)
        #expect(try counters(database) == ["stored": 1, "incomplete_parts": 1])
        #expect(try database.integer("SELECT sum(processes) FROM runs") == 1)
        #expect(try database.integer("SELECT count(*) FROM held_parts") == 0)
    }

    @Test("counts alone, without movement or parts, are written", arguments: Database.allCases)
    func countsOnly(engine: Database) throws {
        let database = try TestDatabase(engine)
        var writing = try Writing(database)
        writing.merger.add(tally: [("kernel_dropped", 5)])
        try writing.commit()
        writing.merger.add(tally: [("kernel_dropped", 2)])
        try writing.commit()
        #expect(try counters(database) == ["kernel_dropped": 7])
    }

    @Test("a store that has forgotten what it had says so, and writes nothing", arguments: Database.allCases)
    func setBack(engine: Database) throws {
        let database = try TestDatabase(engine)
        var writing = try Writing(database)
        try writing.commit([process(1)])
        try writing.commit([process(2)])
        try database.connect().query("UPDATE sources SET sequence = 1, tally = 1")
        writing.add([process(3)])
        let error = #expect(throws: StoreError.self) { try writing.commit() }
        #expect(kind(error) == "setBack" && error?.canRetry == false)
        #expect(try database.integer("SELECT sum(processes) FROM runs") == 2)
        let state = try writing.store.open(source: "source", kind: .daemon, host: "here")
        #expect(state.position == SourcePosition(sequence: 1, tally: 1), "from there on it is to be fed again")
    }

    @Test("so a heartbeat says, where no batch follows", arguments: Database.allCases)
    func setBackAndQuiet(engine: Database) throws {
        let database = try TestDatabase(engine)
        var writing = try Writing(database)
        try writing.commit([process(1)])
        let heartbeat = Heartbeat(received: 1, now: noon, oldestPending: nil)
        try writing.store.beat(heartbeat)
        try database.connect().query("UPDATE sources SET sequence = 0, tally = 0")
        let error = #expect(throws: StoreError.self) { try writing.store.beat(heartbeat) }
        #expect(kind(error) == "setBack")
        _ = try writing.store.open(source: "source", kind: .daemon, host: "here")
        try writing.store.beat(heartbeat)
    }

    @Test("a number that its column cannot hold is refused, not changed") func tooLarge() throws {
        let database = try TestDatabase(.postgres)
        var writing = try Writing(database)
        writing.add([process(1)])
        var batch = writing.merger.batch
        batch.runs[0].processes = 1 << 40
        let start = SourcePosition(sequence: 0, tally: 0)
        let error = #expect(throws: StoreError.self) {
            _ = try writing.store.commit(
                batch, vocabulary: writing.merger.vocabulary, from: start, to: SourcePosition(sequence: 1, tally: 1))
        }
        #expect(kind(error) == "unacceptable")
        #expect(try database.integer("SELECT count(*) FROM runs") == 0)
    }

    @Test("what is committed stays so where PostgreSQL does not tell how far its disk is") func silentLog() throws {
        let database = try TestDatabase(empty: .postgres)
        let role = "mute_\(UInt32.random(in: 0 ... .max))"
        let name = try #require(try database.rows("SELECT current_database()").first?[0].text)
        try database.connect().run(
            script: """
                CREATE ROLE \(role) LOGIN;
                GRANT CREATE ON DATABASE \(name) TO \(role);
                REVOKE EXECUTE ON FUNCTION pg_current_wal_flush_lsn() FROM PUBLIC
                """)
        let location = try StoreLocation(database.url.replacing("customs@", with: "\(role)@"))
        var writing = try Writing(database, location: location)
        #expect(try writing.commit([process(1)]) == .committed(stored: 1, merged: 0))
        #expect(try writing.commit([process(2)]) == .committed(stored: 0, merged: 1))
        #expect(writing.store.safePosition == writing.position, "commits wait for the disk themselves")
        try writing.store.beat(Heartbeat(received: 2, now: noon, oldestPending: nil))
    }

    @Test("what is committed is known to be safe, at once or soon", arguments: Database.allCases)
    func safe(engine: Database) throws {
        let database = try TestDatabase(engine)
        var writing = try Writing(database)
        #expect(writing.store.safePosition == nil)
        try writing.commit([process(1), process(2)])
        if engine == .sqlite { #expect(writing.store.safePosition == writing.position) }
        // a heartbeat does not wait for the disk, and the next one notices it
        for _ in 1...2 { try writing.store.beat(Heartbeat(received: 2, now: noon, oldestPending: nil)) }
        #expect(writing.store.safePosition == writing.position)
    }

    @Test(
        "jobs and runs that are there already are found, whatever was taken for new", arguments: Database.allCases)
    func takenForNew(engine: Database) throws {
        let database = try TestDatabase(engine)
        do {
            var first = try Writing(database)
            try first.commit([process(1), process(2)])
        }
        // another journal's daemon, later, knows nothing of these
        var second = try Writing(database, source: "second")
        #expect(try second.commit([process(3), process(4, user: "bob")]) == .committed(stored: 1, merged: 1))
        #expect(try database.integer("SELECT count(*) FROM jobs") == 1)
        #expect(try database.integer("SELECT sum(processes) FROM runs") == 4)
    }

    @Test("after a restart known jobs are looked for before they are taken for new") func knownAfterRestart() throws {
        let database = try TestDatabase(.postgres)
        do {
            var before = try Writing(database)
            try before.commit([process(1)])
        }
        let ids = "SELECT last_value FROM customs.jobs_id_seq"
        let taken = try database.integer(ids)
        let store = database.location.makeStore()
        let state = try store.open(source: "source", kind: .daemon, host: "here")
        let from = try #require(state.position)
        var feed = Merger()
        feed.add(
            process(2).usage, Envelope(arrival: noon), sequence: 1, entry: UnsafeRawBufferPointer(start: nil, count: 0))
        let outcome = try store.commit(
            feed.batch, vocabulary: feed.vocabulary, from: from, to: SourcePosition(sequence: 2, tally: 2))
        #expect(outcome == .committed(stored: 0, merged: 1))
        #expect(try database.integer(ids) == taken, "no batch was written in vain")
    }

    @Test("a position that another moved is told, and nothing is written", arguments: Database.allCases)
    func moved(engine: Database) throws {
        let database = try TestDatabase(engine)
        var writing = try Writing(database)
        var twin = try Writing(database)
        try writing.commit([process(1)])
        twin.add([process(2), process(3)])
        let error = #expect(throws: StoreError.self) { try twin.commit() }
        #expect(kind(error) == "positionMoved" && error?.canRetry == false)
        #expect(try database.integer("SELECT sum(processes) FROM runs") == 1)
        #expect(try counters(database) == ["stored": 1])
        #expect(try writing.commit([process(4)]) == .committed(stored: 0, merged: 1), "the first may go on")
    }

    @Test("a transaction that fails leaves nothing", arguments: Database.allCases)
    func nothingLeft(engine: Database) throws {
        let database = try TestDatabase(engine)
        var writing = try Writing(database)
        // the counters are the last thing that a commit writes
        try database.connect().run(script: "ALTER TABLE counters RENAME TO gone")
        writing.add([
            process(1), process(2).with { $0.beCanary(of: "c", 1, of: 2) },
            process(3).with {
                $0.part = 1; $0.parts = 2
            },
            process(4).with { $0.end = .running },
        ])
        let error = #expect(throws: StoreError.self) { try writing.commit() }
        #expect(kind(error) == "refused")
        for table in ["runs", "canary_records", "held_parts", "snapshots", "gone"] {
            #expect(try database.integer("SELECT count(*) FROM \(table)") == 0, "\(table)")
        }
        #expect(try database.rows("SELECT sequence, tally FROM sources") == [[.integer(0), .integer(0)]])
        try database.connect().run(script: "ALTER TABLE gone RENAME TO counters")
        #expect(try writing.commit() == .committed(stored: 1, merged: 0))
    }

    @Test("canaries seen twice stay one", arguments: Database.allCases)
    func canaries(engine: Database) throws {
        let database = try TestDatabase(engine)
        var writing = try Writing(database)
        try writing.commit([process(1).with { $0.beCanary(of: "night", 1, of: 9) }])
        try writing.commit([
            process(2).with { $0.beCanary(of: "night", 1, of: 9) },
            process(3).with { $0.beCanary(of: "night", 2, of: 9) },
        ])
        let rows = try database.rows("SELECT run, seq, expected, received FROM canary_records ORDER BY seq")
        #expect(rows == [1, 2].map { [.text("night"), .integer($0), .integer(9), .integer(noon)] })
        #expect(try counters(database) == ["stored": 3])
    }

    @Test("jobs keep the first claim, and what Slurm says stands", arguments: Database.allCases)
    func claims(engine: Database) throws {
        let database = try TestDatabase(engine)
        var writing = try Writing(database)
        let facts = "SELECT num_nodes, num_tasks, (SELECT name FROM accounts a WHERE a.id = account) FROM jobs"
        try writing.commit([process(1)])
        #expect(try database.rows(facts) == [[.integer(4), .null, .text("")]])
        var other = try Writing(database, source: "other")
        try other.commit([
            process(2).with {
                $0.numNodes = 9; $0[.account] = "m1"
            }
        ])
        #expect(try database.rows(facts) == [[.integer(4), .null, .text("m1")]])
        try database.connect().run(script: "UPDATE jobs SET source = 1, num_nodes = 5, account = 0")
        try writing.commit([
            process(3).with {
                $0[.account] = "m2"; $0[.qos] = "debug"
            }
        ])
        #expect(try database.rows(facts) == [[.integer(5), .null, .text("")]])
    }

    @Test("a full vocabulary is emptied and the store finds the same names again", arguments: Database.allCases)
    func vocabularyEmptied(engine: Database) throws {
        let database = try TestDatabase(engine)
        var writing = try Writing(database)
        writing.merger = Merger(vocabulary: Vocabulary(maximumSymbols: 2))
        for round in 0..<6 as Range<UInt64> {
            try writing.commit(
                (0..<8).map { process(round * 8 + $0, user: "user\((round + $0) % 5)", program: "\($0 % 3)") })
        }
        #expect(writing.merger.vocabulary.generation >= 5)
        #expect(try database.integer("SELECT count(*) FROM runs") == 15)
        #expect(try database.integer("SELECT sum(processes) FROM runs") == 48)
        #expect(try database.integer("SELECT count(*) FROM users") == 6)
        #expect(try database.integer("SELECT count(*) FROM jobs") == 1)
        #expect(try Set(runTexts(database).map { $0.prefix(5) }).count == 5)
    }
}

/// Counters of all sources.
func counters(_ database: TestDatabase) throws -> [String: Int64] {
    var values: [String: Int64] = [:]
    for row in try database.rows("SELECT name, sum(value) FROM counters GROUP BY name") {
        values[row[0].text ?? ""] = row[1].integer
    }
    return values
}
