import Merge
import Record
import SampleRecords
import Store
import TestDatabases
import Testing

@Suite struct QuarantineTests {
    /// Makes the database refuse a value in a table, as a site's own rule might.
    private func forbid(_ table: String, _ column: String, _ value: String, in database: TestDatabase) throws {
        switch database.engine {
        case .postgres:
            try database.connect().run(
                script: "ALTER TABLE \(table) ADD CONSTRAINT forbidden CHECK (\(column) <> \(value)) NOT VALID")
        case .sqlite:
            try database.connect().run(
                script: """
                    CREATE TRIGGER forbidden BEFORE INSERT ON \(table) WHEN NEW.\(column) = \(value)
                    BEGIN SELECT RAISE(ABORT, 'forbidden'); END
                    """)
        }
    }

    @Test("a name or a row that a rule forbids is told from a broken store", arguments: Database.allCases)
    func kinds(engine: Database) throws {
        for (table, column, value) in [
            ("users", "name", "'bob'"), ("runs", "ranks", "1"), ("packages", "name", "'bad'"),
        ] {
            let database = try TestDatabase(engine)
            var writing = try Writing(database)
            try forbid(table, column, value, in: database)
            writing.add([
                process(1),
                process(2, user: "bob").with {
                    $0.rank = 3; $0.packages.append(.init("bad"))
                },
            ])
            let error = #expect(throws: StoreError.self) { try writing.commit() }
            #expect(kind(error) == "unacceptable" && error?.canRetry == false, "\(table)")
            #expect("\(error.map { "\($0)" } ?? "")".contains("forbidden"))
            #expect(try database.integer("SELECT count(*) FROM runs") == 0)
            // records without the forbidden name are written, though the vocabulary holds the name
            writing.undo()
            #expect(try writing.commit([process(1)]) == .committed(stored: 1, merged: 0), "\(table)")
            #expect(try writing.commit([process(3, user: "eve")]) == .committed(stored: 1, merged: 0), "\(table)")
        }
    }

    @Test("a trigger's own exception is data too", arguments: [Database.postgres])
    func raised(engine: Database) throws {
        let database = try TestDatabase(engine)
        var writing = try Writing(database)
        try database.connect().run(
            script: """
                CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql
                AS $$ BEGIN RAISE EXCEPTION 'not here'; END $$;
                CREATE TRIGGER refuse BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION refuse()
                """)
        let error = #expect(throws: StoreError.self) { try writing.commit([process(1)]) }
        #expect(kind(error) == "unacceptable")
    }

    @Test("what is quarantined lies there with reason, sender and place", arguments: Database.allCases)
    func rows(engine: Database) throws {
        let database = try TestDatabase(engine)
        var writing = try Writing(database)
        var entry: [UInt8] = []
        let envelope = Envelope(arrival: noon, identity: .kernel, uid: 1_000, pid: 42)
        Array(#"{"v":1}"#.utf8).withUnsafeBytes { Entry.append(envelope, record: $0, to: &entry) }
        writing.quarantine(process(1), entry: entry, reason: "no such 'user'")
        #expect(try writing.commit() == .committed(stored: 0, merged: 0))
        let columns = "sequence, noticed, arrival, reason, sender, record, record_bytes"
        #expect(
            try database.rows("SELECT \(columns) FROM quarantine") == [
                [
                    .integer(0), .integer(noon + 1), .integer(noon), .text("no such 'user'"),
                    .text("kernel uid=1000 pid=42"), .bytes(Array(#"{"v":1}"#.utf8)), .integer(7),
                ]
            ])
        #expect(try counters(database) == ["rejected.refused_by_store": 1])
        #expect(try database.rows("SELECT sequence, tally FROM sources") == [[.integer(1), .integer(1)]])
    }

    @Test("parts that were held move to the quarantine", arguments: Database.allCases)
    func heldParts(engine: Database) throws {
        let database = try TestDatabase(engine)
        var writing = try Writing(database)
        try writing.commit(
            (1...2).map { number in
                process(1).with {
                    $0.part = Int64(number); $0.parts = 3
                }
            })
        writing.merger.quarantineExpiredPart(now: noon + 61_000_000, reason: "no", noticed: noon)
        try writing.commit()
        #expect(try database.integer("SELECT count(*) FROM held_parts") == 0)
        #expect(try database.integer("SELECT count(*) FROM quarantine") == 2)
        #expect(try counters(database) == ["rejected.refused_by_store": 2])
    }

    @Test("the newest 10,000 of a source are kept", arguments: Database.allCases)
    func bounded(engine: Database) throws {
        let database = try TestDatabase(engine)
        var writing = try Writing(database)
        var other = try Writing(database, source: "other")
        other.quarantine(process(1), entry: [9], reason: "other")
        try other.commit()
        for number in 0..<10_050 as Range<UInt64> {
            writing.quarantine(process(number), entry: [9], reason: "\(number)")
        }
        try writing.commit()
        #expect(try database.integer("SELECT count(*) FROM quarantine") == 10_001)
        #expect(try database.integer("SELECT count(*) FROM quarantine WHERE reason IN ('49', '50', 'other')") == 2)
        #expect(try counters(database) == ["rejected.refused_by_store": 10_051])
    }
}
