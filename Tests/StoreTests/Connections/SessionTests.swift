import Merge
import Record
import SampleRecords
import Store
import TestDatabases
import Testing

/// Settings of a server, a database, a role or a connection string, and which of them count.
@Suite struct SessionTests {
    private let bytes: [UInt8] = (0...255).map { UInt8($0) } + Array(#"\x41 \\ \001 '"#.utf8)

    private func connect(_ database: TestDatabase, options: String = "") throws -> PostgresConnection {
        try PostgresConnection(address: database.location.address + options, for: .ledger)
    }

    @Test("bytes are read by the form in which they come") func bytea() throws {
        let connection = try connect(try TestDatabase(empty: .postgres))
        for form in ["escape", "hex"] {
            try connection.run(script: "SET bytea_output TO \(form)")
            #expect(try connection.query("SELECT CAST(? AS bytea)", [.bytes(bytes)]) == [[.bytes(bytes)]], "\(form)")
            #expect(try connection.query("SELECT CAST('' AS bytea)") == [[.bytes([])]])
        }
    }

    @Test("parts that wait outlast a restart on a database with bytea_output = escape") func heldParts() throws {
        let database = try TestDatabase(empty: .postgres)
        let name = try #require(try database.rows("SELECT current_database()").first?[0].text)
        try database.connect().run(script: "ALTER DATABASE \(name) SET bytea_output TO escape")
        var writing = try Writing(database)
        try writing.commit([
            process(1).with {
                $0.part = 1; $0.parts = 2
            }
        ])
        let store = database.location.makeStore()
        try store.migrate()
        let held = try store.open(source: "source", kind: .daemon, host: "here").heldParts
        #expect(held == [Array("entry 1/1".utf8)])
    }

    @Test("options of the connection string count, but for what this program relies on") func options() throws {
        let database = try TestDatabase(empty: .postgres)
        let connection = try connect(
            database,
            options: "&options=-c%20statement_timeout%3D12345%20-c%20search_path%3Dpublic%20-c%20timezone%3DAsia/Tokyo")
        #expect(try connection.query("SHOW statement_timeout") == [[.text("12345ms")]])
        #expect(try connection.query("SHOW search_path") == [[.text("customs, pg_catalog")]])
        #expect(try connection.query("SHOW timezone") == [[.text("UTC")]])
    }

    @Test("a database whose transactions are serializable by default is written to as any other") func isolation()
        throws
    {
        let database = try TestDatabase(empty: .postgres)
        let name = try #require(try database.rows("SELECT current_database()").first?[0].text)
        try database.connect().run(script: "ALTER DATABASE \(name) SET default_transaction_isolation TO serializable")
        #expect(try connect(database).query("SHOW transaction_isolation") == [[.text("read committed")]])
    }

    @Test("a schema that somebody else made is enough, without the right to make one") func madeSchema() throws {
        let database = try TestDatabase(empty: .postgres)
        let name = try #require(try database.rows("SELECT current_database()").first?[0].text)
        let role = "writer_of_\(name)"
        try database.connect().run(
            script: """
                CREATE ROLE \(role) LOGIN; REVOKE CREATE ON DATABASE \(name) FROM PUBLIC;
                CREATE SCHEMA customs; GRANT USAGE, CREATE ON SCHEMA customs TO \(role)
                """)
        let location = try StoreLocation(database.url.replacing("customs@", with: "\(role)@"))
        var writing = try Writing(database, location: location)
        #expect(try writing.commit([process(1)]) == .committed(stored: 1, merged: 0))
        let other = try TestDatabase(empty: .postgres)
        let otherName = try #require(try other.rows("SELECT current_database()").first?[0].text)
        try other.connect().run(script: "REVOKE CREATE ON DATABASE \(otherName) FROM PUBLIC")
        let refused = #expect(throws: StoreError.self) {
            try StoreLocation(other.url.replacing("customs@", with: "\(role)@")).makeStore().migrate()
        }
        #expect(kind(refused) == "refused" && refused?.canRetry == true, "somebody may grant it")
    }

    @Test("each table has a key, so that it can be published") func keys() throws {
        let database = try TestDatabase(empty: .postgres)
        try database.location.makeStore().migrate()
        let without = try database.rows(
            """
            SELECT c.relname FROM pg_class c
            WHERE c.relnamespace = CAST('customs' AS regnamespace) AND c.relkind IN ('r', 'p')
                AND NOT EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary)
            """)
        #expect(without == [])
    }

    @Test("a publication of all tables stops neither migrations nor writing nor taking names away") func published()
        throws
    {
        let database = try TestDatabase(empty: .postgres)
        try database.connect().run(script: "CREATE PUBLICATION everything FOR ALL TABLES")
        var writing = try Writing(database)
        try writing.commit([process(1)])
        let connection = try database.location.maintainer()
        let key = try #require(PseudonymKey([UInt8](repeating: 7, count: 32)))
        let done = try Anonymizing.run(
            connection, before: Int(UInt16.max), .init(key: key, homes: [], kinds: { _, _ in "venv" }),
            progress: { _, _ in })
        #expect(done.names == ["ada"])
        try writing.commit([process(2)])
        #expect(try database.integer("SELECT sum(processes) FROM runs") == 2)
    }
}
