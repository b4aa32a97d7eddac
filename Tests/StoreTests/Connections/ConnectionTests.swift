import Checksum
import Store
import TestDatabases
import Testing

/// Both connections do the same with the same statements.
@Suite struct ConnectionTests {
    @Test("values go in and come out as they are", arguments: Database.allCases)
    func values(engine: Database) throws {
        let connection = try TestDatabase(engine).connect()
        let (integer, bytes) = engine == .postgres ? ("bigint", "bytea") : ("INTEGER", "BLOB")
        let real = engine == .postgres ? "double precision" : "REAL"
        try connection.run(script: "CREATE TEMP TABLE t (n \(integer), i \(integer), r \(real), t text, b \(bytes))")
        let rows: [[SQLValue]] = [
            [.integer(0), .integer(.min), .real(-0.1), .text(""), .bytes([])],
            [.integer(1), .integer(.max), .real(1e300), .text("? $1 'é' 🐍"), .bytes([0, 255, 39, 92])],
            [.integer(2), .null, .null, .null, .null],
            [.integer(3), .integer(-1), .real(1.0 / 3), .text("NULL"), .bytes((0...255).map { UInt8($0) })],
        ]
        for row in rows { try connection.query("INSERT INTO t VALUES (?, ?, ?, ?, ?)", row) }
        #expect(try connection.query("SELECT n, i, r, t, b FROM t ORDER BY n") == rows)
        #expect(try connection.query("SELECT n FROM t WHERE t = ?", [.text("? $1 'é' 🐍")]) == [[.integer(1)]])
    }

    @Test("a transaction that throws leaves nothing, and the next one works", arguments: Database.allCases)
    func rollback(engine: Database) throws {
        let connection = try TestDatabase(engine).connect()
        try connection.run(script: "CREATE TEMP TABLE t (n integer PRIMARY KEY)")
        let error = #expect(throws: StoreError.self) {
            try connection.transaction { () throws(StoreError) in
                try connection.query("INSERT INTO t VALUES (1)")
                try connection.query("INSERT INTO t VALUES (1)")
            }
        }
        #expect(kind(error) == "unacceptable")
        #expect(try connection.query("SELECT count(*) FROM t") == [[.integer(0)]])
        _ = try connection.transaction { () throws(StoreError) in try connection.query("INSERT INTO t VALUES (2)") }
        #expect(try connection.query("SELECT n FROM t") == [[.integer(2)]])
    }

    @Test("a statement that is none is refused", arguments: Database.allCases)
    func nonsense(engine: Database) throws {
        let connection = try TestDatabase(engine).connect()
        let error = #expect(throws: StoreError.self) { try connection.query("SELEKT 1") }
        #expect(kind(error) == "refused")
        #expect(try connection.query("SELECT 1") == [[.integer(1)]])
    }

    @Test("text sorts by its bytes", arguments: Database.allCases)
    func sorting(engine: Database) throws {
        let database = try TestDatabase(engine)
        try database.location.makeStore().migrate()
        let connection = try database.connect()
        let names = ["a", "B", "_x", "é", "Z", "a b", "ab", "1"]
        for name in names { try connection.query("INSERT INTO packages (name) VALUES (?)", [.text(name)]) }
        let sorted = names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        let found = try connection.query("SELECT name FROM packages WHERE id <> 0 ORDER BY name").map { $0[0].text }
        #expect(found == sorted)
    }

    /// By PostgreSQL's classes of errors: the data is blamed only for errors that no retry and no administrator can
    /// mend.
    @Test("only what tells of data is refused for good") func states() {
        let passing = [
            "08006", "57P01", "57P02", "57P03", "57014", "58000", "58030", "58P01", "58P02", "F0000", "XX000", "XX001",
            "XX002", "25006", "40001", "40P01", "53100", "53200", "53300", "55000", "55006", "55P03", "42501", "42P01",
            "3F000", "0A000", "26000", "25P02", "28000", "",
        ]
        for state in passing {
            let error = StoreError(sqlState: state, "why")
            #expect(error.canRetry && kind(error) != "unacceptable", "\(state)")
            #expect("\(error)".contains("why") && "\(error)".contains(state))
        }
        for state in ["21000", "22021", "22P05", "23505", "23514", "44000", "54000", "P0001"] {
            let error = StoreError(sqlState: state, "why")
            #expect(!error.canRetry && kind(error) == "unacceptable", "\(state)")
        }
    }

    @Test("bytes as hexadecimal digits") func hexadecimal() {
        #expect([UInt8]().hexadecimal == "")
        #expect([0x00, 0x0F, 0xA0, 0xFF].hexadecimal == "000fa0ff")
    }
}
