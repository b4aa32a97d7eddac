import Merge
import Record
import SampleRecords
import Store
import TestDatabases
import Testing

@Suite struct SourceTests {
    @Test("a source unknown has no position; one known goes on from its own", arguments: Database.allCases)
    func position(engine: Database) throws {
        let database = try TestDatabase(empty: engine)
        let store = database.location.makeStore()
        #expect(try store.open(source: "a", kind: .daemon, host: "h").position == nil)
        var writing = try Writing(database, source: "b")
        try writing.commit([process(1), process(2)])
        let again = try database.location.makeStore().open(source: "b", kind: .daemon, host: "h")
        #expect(again.position == SourcePosition(sequence: 2, tally: 2))
        #expect(again.heldParts.isEmpty && again.snapshots.isEmpty)
    }

    @Test("one store takes up one source after another", arguments: Database.allCases)
    func another(engine: Database) throws {
        let database = try TestDatabase(engine)
        let store = database.location.makeStore()
        for (index, name) in ["first", "second"].enumerated() {
            #expect(try store.open(source: name, kind: .archive, host: "h").position == nil)
            var merger = Merger()
            let sample = process(UInt64(index), user: name)
            merger.add(
                sample.usage, Envelope(arrival: noon), sequence: 0, entry: UnsafeRawBufferPointer(start: nil, count: 0))
            let outcome = try store.commit(
                merger.batch, vocabulary: merger.vocabulary, from: SourcePosition(sequence: 0, tally: 0),
                to: SourcePosition(sequence: 1, tally: 1))
            #expect(outcome == .committed(stored: 1, merged: 0))
        }
        #expect(try database.integer("SELECT count(*) FROM sources WHERE tally = 1 AND kind = 'archive'") == 2)
        #expect(try runTexts(database).map { $0.prefix(5) }.sorted() == ["first", "secon"])
    }

    @Test("numbers beyond 2^63 come back as they were", arguments: Database.allCases)
    func large(engine: Database) throws {
        let database = try TestDatabase(engine)
        let store = database.location.makeStore()
        _ = try store.open(source: "a", kind: .daemon, host: "h")
        let far = SourcePosition(sequence: .max - 1, tally: 1 << 63)
        let merger = Merger()
        _ = try store.commit(
            merger.batch, vocabulary: merger.vocabulary, from: SourcePosition(sequence: 0, tally: 0), to: far)
        #expect(try database.location.makeStore().open(source: "a", kind: .daemon, host: "h").position == far)
    }

    @Test("a heartbeat says what was received and how old the rest is", arguments: Database.allCases)
    func heartbeat(engine: Database) throws {
        let database = try TestDatabase(engine)
        var writing = try Writing(database)
        try writing.commit([process(1)])
        try writing.store.beat(Heartbeat(received: 7, now: noon, oldestPending: noon - 5))
        let columns = "SELECT head_tally, heartbeat, oldest_pending FROM sources"
        #expect(try database.rows(columns) == [[.integer(7), .integer(noon), .integer(noon - 5)]])
        try writing.commit([process(2)])
        #expect(try database.integer("SELECT head_tally FROM sources") == 7, "a commit takes nothing back")
        try writing.store.beat(Heartbeat(received: 9, now: noon + 1, oldestPending: nil))
        #expect(try database.rows(columns) == [[.integer(9), .integer(noon + 1), .null]])
    }

    @Test("parts wait in the store until they are released", arguments: Database.allCases)
    func heldParts(engine: Database) throws {
        let database = try TestDatabase(engine)
        var writing = try Writing(database)
        let part = process(1).with {
            $0.part = 2; $0.parts = 3
        }
        try writing.commit([
            part,
            process(2).with {
                $0.part = 1; $0.parts = 2
            },
        ])
        let state = try database.location.makeStore().open(source: "source", kind: .daemon, host: "here")
        #expect(Set(state.heldParts.map { String(decoding: $0, as: UTF8.self) }) == ["entry 1/2", "entry 2/1"])
        let other = try database.location.makeStore().open(source: "other", kind: .daemon, host: "here")
        #expect(other.heldParts.isEmpty, "they are their source's")
        try writing.commit([
            process(2).with {
                $0.part = 2; $0.parts = 2
            }
        ])
        let after = try database.location.makeStore().open(source: "source", kind: .daemon, host: "here")
        #expect(after.heldParts.map { String(decoding: $0, as: UTF8.self) } == ["entry 1/2"])
    }

    @Test("a snapshot is replaced by a later one and goes with the final record", arguments: Database.allCases)
    func snapshots(engine: Database) throws {
        let database = try TestDatabase(engine)
        var writing = try Writing(database)
        let running = process(1).with { $0.end = .running }
        try writing.commit([running, process(2).with { $0.end = .running }])
        writing.add([running], Envelope(arrival: noon + 9))
        try writing.commit()
        #expect(
            try database.rows("SELECT seen FROM snapshots ORDER BY seen") == [[.integer(noon)], [.integer(noon + 9)]])
        let state = try database.location.makeStore().open(source: "source", kind: .daemon, host: "here")
        #expect(Set(state.snapshots) == [process(1).recordID, process(2).recordID])
        #expect(try database.integer("SELECT count(*) FROM runs") == 0)
        try writing.commit([process(1)])
        let after = try database.location.makeStore().open(source: "source", kind: .daemon, host: "here")
        #expect(after.snapshots == [process(2).recordID])
        #expect(try database.integer("SELECT count(*) FROM runs") == 1)
    }

    @Test("a snapshot that is not renewed for a week is dropped", arguments: Database.allCases)
    func staleSnapshots(engine: Database) throws {
        let database = try TestDatabase(engine)
        var writing = try Writing(database)
        try writing.commit([process(1).with { $0.end = .running }])
        let week = 7 * Calendar.microsecondsPerDay
        writing.add([process(2).with { $0.end = .running }], Envelope(arrival: noon + week))
        try writing.commit()
        let store = database.location.makeStore()
        _ = try store.open(source: "another", kind: .daemon, host: "here")
        try store.beat(Heartbeat(received: 0, now: noon + week, oldestPending: nil))
        #expect(try database.integer("SELECT count(*) FROM snapshots") == 2)
        try store.beat(Heartbeat(received: 0, now: noon + week + 3_600_000_000, oldestPending: nil))
        #expect(try store.open(source: "another", kind: .daemon, host: "here").snapshots == [process(2).recordID])
    }

    @Test(
        "of two copies of a journal the later one is taken, and the other writes nothing",
        arguments: Database.allCases)
    func copies(engine: Database) throws {
        let database = try TestDatabase(engine)
        func open(_ own: String, _ known: [String]?) throws(StoreError) -> any UsageStore {
            let store = database.location.makeStore()
            try store.migrate()
            _ = try store.open(
                source: "a", kind: .daemon, host: "h", incarnation: Incarnation(own: own, known: known))
            return store
        }
        func commit(_ store: any UsageStore) throws(StoreError) {
            var feed = Merger()
            feed.reject(.badJSON)
            _ = try store.commit(
                feed.batch, vocabulary: feed.vocabulary, from: SourcePosition(sequence: 0, tally: 0),
                to: SourcePosition(sequence: 1, tally: 1))
        }
        let original = try open("1", nil)
        let copy = try open("2", ["1"])
        try commit(copy)
        // its position is the same, but with other content
        let moved = #expect(throws: StoreError.self) { try commit(original) }
        #expect(kind(moved) == "positionMoved" && moved?.canRetry == false)
        try original.beat(Heartbeat(received: 77, now: 1, oldestPending: nil))
        #expect(try database.rows("SELECT sequence, head_tally FROM sources") == [[.integer(1), .integer(1)]])
        let refused = #expect(throws: StoreError.self) { _ = try open("3", ["1"]) }
        #expect(kind(refused) == "positionMoved")
        // a start whose position is unknown
        _ = try open("4", ["2", "4"])
        _ = try open("4", ["2", "4"])
        // a source that does not know its former name must be believed
        _ = try open("5", nil)
        #expect(try counters(database) == ["rejected.bad_json": 1])
    }
}
