import Record

/// Brings the tables to this program's version.
enum Migrator {
    /// Applies what is missing, in one transaction and under a lock, so that of several daemons that start at once one
    /// migrates and the others find it done.
    ///
    /// - Throws: `StoreError.schema` if the tables are newer than this program.
    static func migrate<Connection: SQLConnection>(_ connection: Connection) throws(StoreError) {
        if try version(of: connection) == Schema.current { return }
        try connection.transaction { () throws(StoreError) in
            try connection.lock(.schema, .alone)
            try connection.dialect.prepareSchema(on: connection)
            try connection.run(
                script: """
                    CREATE TABLE IF NOT EXISTS schema_versions (version integer PRIMARY KEY, applied bigint NOT NULL)
                    """)
            let found = try version(of: connection) ?? 0
            guard found <= Schema.current else { throw newer(found) }
            for migration in Schema.migrations where migration.version > found {
                try connection.run(script: migration.script(for: connection.dialect))
                if migration.version == 1 { try fillMonths(connection) }
                if migration.version == 6 { try connection.dialect.makeMonthsAhead(on: connection) }
                try connection.query(
                    "INSERT INTO schema_versions (version, applied) VALUES (?, \(connection.dialect.now))",
                    [.integer(Int64(migration.version))])
            }
        }
    }

    /// - Throws: `StoreError.schema` unless the tables are exactly this program's.
    static func check<Connection: SQLConnection>(_ connection: Connection) throws(StoreError) {
        guard let found = try version(of: connection) else {
            throw .schema("there are no tables yet; start customsd on this store, or run 'customs import'")
        }
        if found > Schema.current { throw newer(found) }
        if found < Schema.current {
            throw .schema(
                "the tables are of version \(found) and this program wants \(Schema.current); start its customsd once")
        }
    }

    private static func newer(_ found: Int) -> StoreError {
        .schema("the tables are of version \(found), newer than this program's \(Schema.current); upgrade it")
    }

    /// nil where there are no tables.
    private static func version<Connection: SQLConnection>(of connection: Connection) throws(StoreError) -> Int? {
        guard try connection.query(connection.dialect.hasVersions).first?[0].integer == 1 else { return nil }
        return try connection.query("SELECT max(version) FROM schema_versions").first?[0].integer.map { Int($0) }
    }

    /// A calendar, so that questions by month read the same in both dialects: 2000 to 2149, all that a day can be.
    private static func fillMonths<Connection: SQLConnection>(_ connection: Connection) throws(StoreError) {
        for year in 2000..<2150 {
            let rows = (1...12).map { month in
                let first = Calendar.days(year: year, month: month, day: 1)
                let next = Calendar.days(year: month == 12 ? year + 1 : year, month: month % 12 + 1, day: 1)
                return "('\(Calendar.text(day: first).prefix(7))', \(first), \(next))"
            }
            try connection.query(
                "INSERT INTO months (month, first_day, next_day) VALUES \(rows.joined(separator: ", "))")
        }
    }
}
