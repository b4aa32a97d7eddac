import Merge
import Record
import SampleRecords
import Store
import TestDatabases
import Testing

@Suite struct ReconnectionTests {
    /// Ends all other connections to the database.
    private func breakConnections(_ database: TestDatabase) throws {
        let connection = try database.connect()
        let others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        let ended = try connection.query("SELECT pg_terminate_backend(pid) \(others)")
        try #require(!ended.isEmpty)
        while try connection.query("SELECT count(*) \(others)") != [[.integer(0)]] {}
    }

    @Test("a commit over a connection that broke is told, and the next makes a new one") func broken() throws {
        let database = try TestDatabase(.postgres)
        var writing = try Writing(database)
        try writing.commit([process(1)])
        try breakConnections(database)
        writing.add([process(2), process(3, user: "bob", program: "other.py")])
        let error = #expect(throws: StoreError.self) { try writing.commit() }
        #expect(kind(error) == "unavailable" && error?.canRetry == true)
        #expect(try writing.commit() == .committed(stored: 1, merged: 1))
        #expect(try runTexts(database).map { $0.split(separator: " | ")[0] }.sorted() == ["ada", "bob"])
        #expect(try database.integer("SELECT sum(processes) FROM runs") == 3)
    }

    @Test("so it is for heartbeats and for opening") func otherCalls() throws {
        let database = try TestDatabase(.postgres)
        let writing = try Writing(database)
        try breakConnections(database)
        let beat = #expect(throws: StoreError.self) {
            try writing.store.beat(Heartbeat(received: 1, now: noon, oldestPending: nil))
        }
        #expect(kind(beat) == "unavailable")
        try writing.store.beat(Heartbeat(received: 1, now: noon, oldestPending: nil))
        try breakConnections(database)
        let opening = #expect(throws: StoreError.self) {
            _ = try writing.store.open(source: "source", kind: .daemon, host: "here")
        }
        #expect(kind(opening) == "unavailable")
        #expect(try writing.store.open(source: "source", kind: .daemon, host: "here").position != nil)
    }

    /// A promoted standby, or a restored backup, may have given other numbers to the same names.
    @Test("after a reconnection the ids of the database that answers count") func otherIDs() throws {
        let database = try TestDatabase(.postgres)
        var writing = try Writing(database)
        writing.add([process(1), process(2, user: "bob")])
        try writing.commit()
        try database.connect().run(script: "DROP SCHEMA customs CASCADE")
        var before = try Writing(database, source: "another")
        try before.commit((10..<20).map { process($0, user: "user\($0)", program: "\($0).py") })
        try breakConnections(database)
        let lost = #expect(throws: StoreError.self) {
            _ = try writing.store.open(source: "source", kind: .daemon, host: "h")
        }
        #expect(kind(lost) == "unavailable")
        #expect(try writing.store.open(source: "source", kind: .daemon, host: "h").position == nil)
        writing.add([process(3), process(4, user: "bob")])
        let outcome = try writing.store.commit(
            writing.merger.batch, vocabulary: writing.merger.vocabulary, from: SourcePosition(sequence: 0, tally: 0),
            to: SourcePosition(sequence: 4, tally: 4))
        #expect(outcome == .committed(stored: 2, merged: 0))
        let texts = try runTexts(database).map { $0.split(separator: " | ") }
        #expect(texts.filter { $0[5] == "run.py" }.map { $0[0] }.sorted() == ["ada", "bob"])
        #expect(texts.filter { $0[5] != "run.py" }.allSatisfy { $0[0].dropFirst(4) == $0[5].dropLast(3) })
    }

    @Test("a server that is to be read only is as good as away") func readOnly() throws {
        let database = try TestDatabase(.postgres)
        var writing = try Writing(database)
        let name = try #require(try database.rows("SELECT current_database()").first?[0].text)
        try database.connect().run(script: "ALTER DATABASE \(name) SET default_transaction_read_only TO on")
        try breakConnections(database)
        writing.add([process(1)])
        for _ in 0..<3 {
            let error = #expect(throws: StoreError.self) { try writing.commit() }
            #expect(error?.canRetry == true)
        }
        let admin = try database.connect()
        try admin.run(script: "SET default_transaction_read_only TO off")
        try admin.run(script: "ALTER DATABASE \(name) RESET default_transaction_read_only")
        #expect(try writing.commit() == .committed(stored: 1, merged: 0))
    }
}
