/// Gives the kind of an environment, from its prefix and whether it is in a container.
public typealias EnvironmentKind = (_ prefix: String, _ isInContainer: Bool) -> String

/// Puts other rows of dictionaries in the place of some, in the usage of all days before one, in one pass over the
/// days.
enum Renaming {
    enum Kind: Int {
        case user, program, executable, environment
    }

    /// The dictionaries of paths, the columns of `runs` that hold their ids, and their texts.
    static let dictionaries: [(kind: Kind, table: String, column: String, texts: [String])] = [
        (.program, "programs", "program", ["name"]), (.executable, "executables", "executable", ["name"]),
        (
            .environment, "environments", "environment",
            ["prefix", "python", "implementation", "container", "system", "subsystem"]
        ),
    ]

    static func prepare(_ connection: any SQLConnection) throws(StoreError) {
        try connection.run(
            script: """
                CREATE TEMP TABLE IF NOT EXISTS renamed (
                    kind integer NOT NULL, old integer NOT NULL, person integer NOT NULL, new integer NOT NULL,
                    until integer NOT NULL, PRIMARY KEY (kind, old, person))
                """)
    }

    static func clear(_ connection: any SQLConnection) throws(StoreError) {
        try connection.query("DELETE FROM renamed")
    }

    /// A day after all possible days.
    static let always = Int(UInt16.max)

    /// - Parameters:
    ///   - person: the one in whose usage the new row replaces the old one; nil for all.
    ///   - day: it does so on all days before this one.
    static func note(
        _ connection: any SQLConnection, _ kind: Kind, old: Int64, new: Int64, of person: Int64? = nil, before day: Int
    ) throws(StoreError) {
        try connection.query(
            "INSERT INTO renamed (kind, old, person, new, until) VALUES (\(kind.rawValue), ?, ?, ?, \(day))",
            [.integer(old), .integer(person ?? everyone), .integer(new)])
    }

    private static let everyone: Int64 = -1

    /// Creates the rows that replace old ones, and notes them.
    ///
    /// - Parameter kinds: gives the kind of an environment, so that it stays whatever its path becomes.
    /// - Returns: the number of paths.
    static func note(
        _ changes: PathChanges, on connection: any SQLConnection, before day: Int, kinds: EnvironmentKind
    ) throws(StoreError) -> Int64 {
        var paths: Set<[Int64]> = []
        for change in changes.changes {
            let new: Int64? =
                switch (change.kind, change.to) {
                case (_, nil): Int64(0)
                case (.environment, let texts?):
                    try environment(connection, like: change.old, texts: texts, kinds)
                case (let kind, let texts?):
                    try dictionaries.first { $0.kind == kind }.flatMap { (dictionary) throws(StoreError) in
                        try name(connection, texts[0], in: dictionary.table)
                    }
                }
            guard let new, new != change.old else { continue }
            try note(connection, change.kind, old: change.old, new: new, of: change.person, before: day)
            paths.insert([Int64(change.kind.rawValue), change.old])
        }
        return Int64(paths.count)
    }

    private static func name(_ connection: any SQLConnection, _ text: String, in table: String) throws(StoreError)
        -> Int64?
    {
        try connection.query("INSERT INTO \(table) (name) VALUES (?) ON CONFLICT (name) DO NOTHING", [.text(text)])
        return try connection.query("SELECT id FROM \(table) WHERE name = ?", [.text(text)]).first?[0].integer
    }

    /// - Parameter texts: those of the dictionary of environments.
    private static func environment(
        _ connection: any SQLConnection, like old: Int64, texts: [String], _ kinds: EnvironmentKind
    ) throws(StoreError) -> Int64? {
        let row = try connection.query("SELECT prefix, container, kind FROM environments WHERE id = ?", [.integer(old)])
            .first
        let kind = row?[2].text ?? kinds(row?[0].text ?? "", row?[1].text ?? "" != "")
        let columns = dictionaries.first { $0.kind == .environment }?.texts ?? []
        let found = """
            SELECT id FROM environments WHERE \(columns.map { "\($0) = ?" }.joined(separator: " AND ")) AND kind = ?
            ORDER BY id
            """
        let values = texts.map { SQLValue.text($0) } + [.text(kind)]
        if let known = try connection.query(found, values).first?[0].integer { return known }
        // no record has this fingerprint, because no writer makes such a key
        try connection.query(
            """
            INSERT INTO environments (fingerprint, \(columns.joined(separator: ", ")), kind)
            VALUES (\(connection.dialect.randomKey), \(values.map { _ in "?" }.joined(separator: ", ")))
            """, values)
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
            if try connection.query("SELECT 1 FROM renamed WHERE \(renamed(kind)) LIMIT 1").isEmpty { continue }
            // the row for the person counts before the one for all
            let match = """
                FROM renamed x WHERE x.\(renamed(kind)) AND x.old = runs.\(column)
                    AND x.person IN (\(everyone), runs.usr)
                """
            try connection.query(
                """
                UPDATE runs SET \(column) = (SELECT x.new \(match) ORDER BY x.person DESC LIMIT 1)
                WHERE \(range) AND EXISTS (SELECT 1 \(match))
                """)
        }
        // two rows may become one
        let users = "(SELECT old FROM renamed WHERE \(renamed(.user)))"
        let environment = """
            FROM renamed x WHERE x.\(renamed(.environment)) AND x.old = d.environment
                AND x.person IN (\(everyone), d.usr)
            """
        try connection.query(
            """
            INSERT INTO pruned_usage (day, cluster, usr, stack, environment, size_class, flags, processes)
            SELECT day, cluster, usr, stack, environment, size_class, flags, sum(processes)
            FROM (
                SELECT d.day, d.cluster, COALESCE(u.new, d.usr) AS usr, d.stack,
                    COALESCE((SELECT x.new \(environment) ORDER BY x.person DESC LIMIT 1), d.environment)
                        AS environment,
                    d.size_class, d.flags, d.processes
                FROM pruned_usage d LEFT JOIN (SELECT old, new FROM renamed WHERE \(renamed(.user))) u ON u.old = d.usr
                WHERE d.day = \(day) AND (u.new IS NOT NULL OR EXISTS (SELECT 1 \(environment)))) changed
            GROUP BY day, cluster, usr, stack, environment, size_class, flags
            ON CONFLICT (day, cluster, usr, stack, environment, size_class, flags)
            DO UPDATE SET processes = pruned_usage.processes + excluded.processes
            """)
        let old = environment.replacing("d.", with: "pruned_usage.")
        try connection.query(
            "DELETE FROM pruned_usage WHERE day = \(day) AND (usr IN \(users) OR EXISTS (SELECT 1 \(old)))")
        try PackedDays.forget([day], on: connection)
    }

    /// Deletes the rows of users that others replace.
    static func deleteUsers(_ connection: any SQLConnection) throws(StoreError) {
        try connection.query("DELETE FROM users WHERE id IN (\(users))")
    }

    /// A SELECT of the users that others replace.
    static let users = "SELECT old FROM renamed WHERE kind = \(Kind.user.rawValue)"

    /// Deletes the old rows of paths that no usage needs; within a transaction that has begun a new epoch.
    static func deleteUnused(_ connection: any SQLConnection) throws(StoreError) {
        for dictionary in dictionaries {
            let kind = dictionary.kind
            if try connection.query("SELECT 1 FROM renamed WHERE kind = \(kind.rawValue) LIMIT 1").isEmpty { continue }
            let renamed = "(SELECT old FROM renamed WHERE kind = \(kind.rawValue))"
            let daily = kind == .environment ? " AND id NOT IN (SELECT environment FROM pruned_usage)" : ""
            try connection.query(
                """
                DELETE FROM \(dictionary.table) WHERE id IN \(renamed)\(daily) AND id NOT IN (
                    SELECT \(dictionary.column) FROM runs WHERE \(dictionary.column) IN \(renamed))
                """)
        }
    }
}
