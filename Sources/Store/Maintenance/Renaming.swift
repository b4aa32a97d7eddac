/// Gives the kind of an environment, from its prefix and whether it is in a container.
public typealias EnvironmentKind = (_ prefix: String, _ isInContainer: Bool) -> String

/// Puts other rows of dictionaries in the place of some, in the usage of all days before one, in one pass over the
/// days.
enum Renaming {
    enum Kind: Int {
        case user, program, executable, environment
    }

    /// The dictionaries of paths, and the columns that hold them.
    private static let dictionaries: [(kind: Kind, table: String, column: String, text: String)] = [
        (.program, "programs", "program", "name"), (.executable, "executables", "executable", "name"),
        (.environment, "environments", "environment", "prefix"),
    ]

    static func prepare(_ connection: any SQLConnection) throws(StoreError) {
        try connection.run(
            script: """
                CREATE TEMP TABLE IF NOT EXISTS renamed (
                    kind integer NOT NULL, old integer NOT NULL, new integer NOT NULL, until integer NOT NULL,
                    PRIMARY KEY (kind, old))
                """)
    }

    static func clear(_ connection: any SQLConnection) throws(StoreError) {
        try connection.query("DELETE FROM renamed")
    }

    /// A day after all possible days.
    static let always = Int(UInt16.max)

    /// - Parameter day: the new row replaces the old one on all days before this one.
    static func note(
        _ connection: any SQLConnection, _ kind: Kind, old: Int64, new: Int64, before day: Int
    ) throws(StoreError) {
        try connection.query(
            "INSERT INTO renamed (kind, old, new, until) VALUES (\(kind.rawValue), ?, ?, \(day))",
            [.integer(old), .integer(new)])
    }

    /// Notes the paths of old usage that contain names, and creates the rows that replace them. A path without any
    /// usage counts as old, too.
    ///
    /// - Parameter kinds: gives the kind of an environment, so that it stays whatever its path becomes.
    /// - Returns: the number of paths.
    static func paths(
        _ connection: any SQLConnection, _ names: inout PathNames, before day: Int, kinds: EnvironmentKind
    ) throws(StoreError) -> Int64 {
        var count: Int64 = 0
        for (kind, table, column, text) in dictionaries {
            let rows = try connection.query("SELECT id, \(text) FROM \(table) ORDER BY id")
            // after the paths, so that paths in use by then are found in use
            let used = try firstDays(connection, column, inSums: kind == .environment)
            for row in rows {
                guard let old = row[0].integer, used[old] ?? 0 < Int64(day),
                    let changed = names.without(row[1].text ?? "")
                else { continue }
                let new: Int64? =
                    switch kind {
                    case .environment: try environment(connection, like: old, prefix: changed, kinds)
                    // needs no replacement
                    case _ where used[old] == nil: Int64(0)
                    default: try name(connection, changed, in: table)
                    }
                if let new, new != old {
                    try note(connection, kind, old: old, new: new, before: day)
                    count += 1
                }
            }
        }
        return count
    }

    /// The first day on which each row of a dictionary was used.
    private static func firstDays(
        _ connection: any SQLConnection, _ column: String, inSums: Bool
    ) throws(StoreError) -> [Int64: Int64] {
        var days: [Int64: Int64] = [:]
        for table in ["runs"] + (inSums ? ["pruned_usage"] : []) {
            for row in try connection.query("SELECT \(column), min(day) FROM \(table) GROUP BY \(column)") {
                guard let id = row[0].integer, let day = row[1].integer else { continue }
                days[id] = min(day, days[id] ?? day)
            }
        }
        return days
    }

    private static func name(_ connection: any SQLConnection, _ text: String, in table: String) throws(StoreError)
        -> Int64?
    {
        try connection.query("INSERT INTO \(table) (name) VALUES (?) ON CONFLICT (name) DO NOTHING", [.text(text)])
        return try connection.query("SELECT id FROM \(table) WHERE name = ?", [.text(text)]).first?[0].integer
    }

    private static func environment(
        _ connection: any SQLConnection, like old: Int64, prefix: String, _ kinds: EnvironmentKind
    ) throws(StoreError) -> Int64? {
        let rest = "python, implementation, container, system, subsystem"
        let same = rest.split(separator: ", ").map { "t.\($0) = o.\($0)" }.joined(separator: " AND ")
        let row = try connection.query("SELECT prefix, container, kind FROM environments WHERE id = ?", [.integer(old)])
            .first
        let kind = row?[2].text ?? kinds(row?[0].text ?? "", row?[1].text ?? "" != "")
        let found = """
            SELECT t.id FROM environments t JOIN environments o ON \(same)
            WHERE o.id = ? AND t.prefix = ? AND t.kind = ? ORDER BY t.id
            """
        let values: [SQLValue] = [.integer(old), .text(prefix), .text(kind)]
        if let known = try connection.query(found, values).first?[0].integer { return known }
        // no record has this fingerprint, because no writer makes such a key
        try connection.query(
            """
            INSERT INTO environments (fingerprint, prefix, kind, \(rest))
            SELECT \(connection.dialect.randomKey), ?, ?, \(rest) FROM environments WHERE id = ?
            """, [.text(prefix), .text(kind), .integer(old)])
        return try connection.query(found, values).first?[0].integer
    }

    /// Replaces the old rows by the new ones, day by day, each in a transaction of its own.
    static func apply(_ connection: any SQLConnection, progress: (Int, Int) -> Void) throws(StoreError) {
        guard let end = try connection.query("SELECT max(until) FROM renamed").first?[0].integer else { return }
        let days = try PackedDays.days(connection, 0, Int(end) - 1, besides: [])
        for (index, current) in days.enumerated() {
            try connection.transaction { () throws(StoreError) in try apply(connection, on: current) }
            progress(index + 1, days.count)
        }
        // a job has the user of its runs, and a person with a pseudonym there must not be recognisable by other columns
        let users = "kind = \(Kind.user.rawValue) AND until > COALESCE(jobs.last_day, 0)"
        try connection.transaction { () throws(StoreError) in
            let changed = try connection.query(
                """
                UPDATE jobs SET uid = NULL, name = NULL, claimed_usr = NULL,
                    usr = COALESCE((SELECT new FROM renamed WHERE \(users) AND old = jobs.usr), usr)
                WHERE EXISTS (SELECT 1 FROM renamed WHERE \(users) AND old = jobs.usr)
                    OR EXISTS (SELECT 1 FROM renamed WHERE \(users) AND old = jobs.claimed_usr)
                RETURNING id
                """)
            try PackedDays.markStale(jobs: Set(changed.compactMap { $0[0].integer }), on: connection)
        }
    }

    private static func apply(_ connection: any SQLConnection, on day: Int) throws(StoreError) {
        let dialect = connection.dialect
        let range = "run >= \(dialect.runKey(beginning: day)) AND run < \(dialect.runKey(beginning: day + 1))"
        func renamed(_ kind: Kind) -> String { "kind = \(kind.rawValue) AND until > \(day)" }
        for (kind, column) in [(Kind.user, "usr")] + dictionaries.map({ ($0.kind, $0.column) }) {
            try connection.query(
                """
                UPDATE runs SET \(column) = (SELECT new FROM renamed WHERE \(renamed(kind)) AND old = runs.\(column))
                WHERE \(range) AND \(column) IN (SELECT old FROM renamed WHERE \(renamed(kind)))
                """)
        }
        // two rows may become one
        let users = "(SELECT old FROM renamed WHERE \(renamed(.user)))"
        let environments = "(SELECT old FROM renamed WHERE \(renamed(.environment)))"
        try connection.query(
            """
            INSERT INTO pruned_usage (day, cluster, usr, stack, environment, size_class, flags, processes)
            SELECT d.day, d.cluster, COALESCE(u.new, d.usr), d.stack, COALESCE(e.new, d.environment), d.size_class,
                d.flags, sum(d.processes)
            FROM pruned_usage d LEFT JOIN (SELECT old, new FROM renamed WHERE \(renamed(.user))) u ON u.old = d.usr
                LEFT JOIN (SELECT old, new FROM renamed WHERE \(renamed(.environment))) e ON e.old = d.environment
            WHERE d.day = \(day) AND (u.new IS NOT NULL OR e.new IS NOT NULL)
            GROUP BY d.day, d.cluster, COALESCE(u.new, d.usr), d.stack, COALESCE(e.new, d.environment), d.size_class,
                d.flags
            ON CONFLICT (day, cluster, usr, stack, environment, size_class, flags)
            DO UPDATE SET processes = pruned_usage.processes + excluded.processes
            """)
        try connection.query(
            "DELETE FROM pruned_usage WHERE day = \(day) AND (usr IN \(users) OR environment IN \(environments))")
        try PackedDays.forget([day], on: connection)
    }

    /// Deletes the rows of users that others replace.
    static func deleteUsers(_ connection: any SQLConnection) throws(StoreError) {
        try connection.query("DELETE FROM users WHERE id IN (\(users))")
    }

    /// A SELECT of the users that others replace.
    static let users = "SELECT old FROM renamed WHERE kind = \(Kind.user.rawValue)"

    /// Deletes the old rows of paths that newer usage does not need; within a transaction that has begun a new epoch.
    static func deleteUnused(_ connection: any SQLConnection, before day: Int) throws(StoreError) {
        let end = connection.dialect.runKey(beginning: day)
        for (kind, table, column, _) in dictionaries {
            let renamed = "(SELECT old FROM renamed WHERE kind = \(kind.rawValue))"
            if try connection.query("SELECT 1 FROM renamed WHERE kind = \(kind.rawValue) LIMIT 1").isEmpty { continue }
            let daily = kind == .environment ? " AND id NOT IN (SELECT environment FROM pruned_usage)" : ""
            try connection.query(
                """
                DELETE FROM \(table) WHERE id IN \(renamed)\(daily) AND id NOT IN (
                    SELECT \(column) FROM runs WHERE run >= \(end) AND \(column) IN \(renamed))
                """)
        }
    }
}
