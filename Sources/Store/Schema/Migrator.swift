/// Brings the tables to a program's version.
public struct Migrator: Sendable {
    private let migrations: [Migration]

    /// - Parameter migrations: in the order of their versions.
    public init(_ migrations: [Migration] = Schema.migrations) { self.migrations = migrations }

    private var current: Int { migrations.last?.version ?? 0 }

    /// Applies the missing migrations, in one transaction and under a lock. If several daemons start at once, one
    /// migrates and the others find it done.
    ///
    /// - Throws: `StoreError.schema` if the tables are newer than this program, or if no release can have made them.
    public func migrate(_ connection: any SQLConnection) throws(StoreError) {
        if try version(of: connection) == current { return }
        try makeVersions(on: connection)
        try connection.transaction { () throws(StoreError) in
            try connection.lock(.schema, .alone)
            var found = try version(of: connection) ?? 0
            if isUnreleased(found), found == Schema.unreleased.upperBound {
                try connection.query("DELETE FROM schema_versions WHERE version > 1")
                found = 1
            }
            guard found <= current else { throw refusal(of: found) }
            for migration in migrations where migration.version > found { try migration.apply(to: connection) }
        }
    }

    /// Creates the table of versions, which is also the lock of the others.
    private func makeVersions(on connection: any SQLConnection) throws(StoreError) {
        do throws(StoreError) {
            if try hasVersions(connection) { return }
            try connection.transaction { () throws(StoreError) in
                try connection.dialect.prepareSchema(on: connection)
                try connection.run(
                    script: "CREATE TABLE schema_versions (version integer PRIMARY KEY, applied bigint NOT NULL)")
            }
        } catch {
            // another daemon may have been faster
            guard try hasVersions(connection) else { throw error }
        }
    }

    private func hasVersions(_ connection: any SQLConnection) throws(StoreError) -> Bool {
        try connection.query(connection.dialect.hasVersions).first?[0].integer == 1
    }

    /// - Throws: `StoreError.schema` unless the tables are exactly this program's.
    public func check(_ connection: any SQLConnection) throws(StoreError) {
        guard let found = try version(of: connection) else {
            throw .schema("there are no tables yet; start customsd on this store, or run 'customs import'")
        }
        if found > current { throw refusal(of: found) }
        if found < current {
            throw .schema(
                "the tables are of version \(found) and this program wants \(current); start its customsd once")
        }
    }

    private func isUnreleased(_ found: Int) -> Bool { found > current && Schema.unreleased.contains(found) }

    private func refusal(of found: Int) -> StoreError {
        guard isUnreleased(found) else {
            return .schema("the tables are of version \(found), newer than this program's \(current); upgrade it")
        }
        if found == Schema.unreleased.upperBound {
            return .schema("the tables were made before the first release; start customsd on this store once")
        }
        return .schema(
            """
            the tables are of version \(found), which no release had, and cannot be brought up to date; use a new \
            store, and import archived records into it with 'customs import'
            """)
    }

    /// nil without tables.
    private func version(of connection: any SQLConnection) throws(StoreError) -> Int? {
        guard try hasVersions(connection) else { return nil }
        return try connection.query("SELECT max(version) FROM schema_versions").first?[0].integer.map { Int($0) }
    }
}
