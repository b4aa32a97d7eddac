import Record

/// Replaces users' names by pseudonyms on all days before one.
///
/// A person stays one row of `users`, so that counts of users over any time do not change. A person who was last seen
/// before that day has only the pseudonym from then on, and the name is gone. A person seen since has the name from
/// that day on and the pseudonym before it. Names in paths (`/home/alice/run.py`) and in other texts are replaced too,
/// as far as `PathChanges` and `OwnTexts` say.
public struct Anonymizing: Sendable, Equatable {
    /// The names that became pseudonyms for the first time.
    public var names: [String] = []
    /// The number of paths of programs, interpreters and environments that contained names.
    public var paths: Int64 = 0
    /// The number of other texts that contained names: hosts, accounts, packages and the like.
    public var texts: Int64 = 0
    /// The number of refused records and of snapshots, which were kept as they came, names included.
    public var quarantined: Int64 = 0
    /// Paths before and after; nil after if no usage has the path any more. Only a preview tells.
    public var replaced: [Replacement] = []
    /// The largest share of the people whose paths all lose the name of one other person, from 0 to 1.
    public var foreignShare = 0.0

    public struct Replacement: Sendable, Equatable {
        public let from: String
        public let to: String?
    }

    /// How names are found and replaced.
    public struct Rules {
        public let key: PseudonymKey
        /// Directories that hold people's home directories.
        public let homes: [String]
        /// Gives the kind of an environment, which stays whatever its path becomes.
        public let kinds: EnvironmentKind

        public init(key: PseudonymKey, homes: [String], kinds: @escaping EnvironmentKind) {
            self.key = key
            self.homes = homes
            self.kinds = kinds
        }
    }

    /// A share above which paths look as if somebody had taken the names of directories for names.
    public static let mostForeignShare = 0.1

    /// The names that would become pseudonyms, and the paths that would change.
    ///
    /// - Parameter day: the first day on which names stay, counted from 1970-01-01 UTC.
    public static func preview(
        _ connection: any SQLConnection, before day: Int, _ rules: Rules
    ) throws(StoreError) -> Anonymizing {
        var anonymizing = Anonymizing()
        let people = try people(connection, before: day)
        anonymizing.names = people.map { $0.name }
        var names = try pathNames(connection, people, rules)
        anonymizing.note(try PathChanges(connection, &names, before: day))
        let moment = Int64(day) * Calendar.microsecondsPerDay
        for condition in ["quarantine WHERE noticed < \(moment)", "snapshots WHERE seen < \(moment)"] {
            anonymizing.quarantined +=
                try connection.query("SELECT count(*) FROM \(condition)").first?[0].integer ?? 0
        }
        return anonymizing
    }

    private mutating func note(_ changes: PathChanges) {
        for change in changes.changes {
            let texts = change.to.map { $0.map { Optional($0) } } ?? change.from.map { _ in nil }
            for (from, to) in zip(change.from, texts) where to.map({ ExactText($0) != ExactText(from) }) ?? true {
                let replacement = Replacement(from: from, to: to)
                if !from.isEmpty, !replaced.contains(replacement) { replaced.append(replacement) }
            }
        }
        paths = Int64(Set(changes.changes.map { [Int64($0.kind.rawValue), $0.old] }).count)
        foreignShare = changes.foreignShare
    }

    /// Replaces the names. It may be interrupted and run again.
    ///
    /// - Parameter progress: called now and then with the number of finished days and of all days.
    public static func run(
        _ connection: any SQLConnection, before day: Int, _ rules: Rules, progress: (Int, Int) -> Void
    ) throws(StoreError) -> Anonymizing {
        // deleted data must not stay readable in the file
        try connection.dialect.eraseDeleted(on: connection)
        var anonymizing = Anonymizing()
        let people = try people(connection, before: day)
        try Renaming.prepare(connection)
        let named = try takeBack(connection, rules.key, before: day)
        try Renaming.clear(connection)
        var names = try pathNames(connection, people, rules)
        let changes = try PathChanges(connection, &names, before: day)
        anonymizing.paths = try Renaming.note(changes, on: connection, before: day, kinds: rules.kinds)
        try Renaming.apply(connection, progress: progress)
        anonymizing.texts = try connection.transaction { () throws(StoreError) -> Int64 in
            try NameEpoch.begin(connection)
            try Renaming.deleteUnused(connection)
            let texts = try OwnTexts(connection: connection, day: day).replace(&names)
            for person in people { try rename(person, connection, rules.key, from: named[person.id] ?? day) }
            return texts
        }
        anonymizing.names = people.map { $0.name }
        let moment = Int64(day) * Calendar.microsecondsPerDay
        let old = JobsWithoutRuns.select(
            """
            (j.name IS NOT NULL OR j.uid IS NOT NULL OR j.claimed_usr IS NOT NULL)
                AND COALESCE(j.end_time, j.start_time, j.submit_time, 0) < \(moment)
            """, runs: "r.run >= \(connection.dialect.runKey(beginning: day))")
        try connection.query(
            """
            UPDATE jobs SET name = NULL, uid = NULL, claimed_usr = NULL WHERE id IN (\(old))
            """)
        for deleted in [
            "quarantine WHERE noticed < \(moment) RETURNING id", "snapshots WHERE seen < \(moment) RETURNING seen",
        ] { anonymizing.quarantined += Int64(try connection.query("DELETE FROM \(deleted)").count) }
        try sweep(connection)
        return anonymizing
    }

    /// Cuts what links names to pseudonyms in the store. From then on a person's usage under the pseudonym and
    /// under the name counts as that of two people.
    public static func unlink(
        _ connection: any SQLConnection, progress: (Int, Int) -> Void
    ) throws(StoreError) {
        try Renaming.prepare(connection)
        try Renaming.clear(connection)
        let linked = try connection.query(
            "SELECT id, pseudonym, named_from FROM users WHERE pseudonym IS NOT NULL AND pseudonym <> name ORDER BY id")
        for row in linked {
            guard let id = row[0].integer, let pseudonym = row[1].text, let day = row[2].integer else { continue }
            try connection.query(
                """
                INSERT INTO users (name, pseudonym) VALUES (?, ?) ON CONFLICT (name) DO NOTHING
                """, [.text(pseudonym), .text(pseudonym)])
            guard
                let alone = try connection.query("SELECT id FROM users WHERE name = ?", [.text(pseudonym)])
                    .first?[0].integer
            else { continue }
            try Renaming.note(connection, .user, old: id, new: alone, before: Int(day))
        }
        try Renaming.apply(connection, progress: progress)
        try connection.query(
            "UPDATE users SET pseudonym = NULL, named_from = 0 WHERE id IN (\(Renaming.users))")
        try sweep(connection)
    }

    private struct Person {
        let id: Int64
        let name: String
        let pseudonym: String?
        /// The day on which they were seen last; nil if no data has it any more.
        let lastDay: Int64?
    }

    /// People who were seen before the day under a name, in usage or in Slurm's data, and whose name no later usage
    /// needs.
    private static func people(_ connection: any SQLConnection, before day: Int) throws(StoreError) -> [Person] {
        let names = try connection.query(
            """
            SELECT id, name, pseudonym, named_from FROM users
            WHERE id <> 0 AND (pseudonym IS NULL OR pseudonym <> name) AND named_from < \(day) ORDER BY name
            """)
        // after the names, so that names in use by then are found in use
        let seen = try lastDays(connection, before: day)
        // a name without use that is newer than all names used by then may be one that a daemon is about to use
        let newestOld = seen.filter { $0.value.before != nil }.keys.max() ?? 0
        return names.compactMap { row in
            guard let id = row[0].integer, let name = row[1].text, let namedFrom = row[3].integer else { return nil }
            if let seen = seen[id] {
                guard let before = seen.before, before >= namedFrom else { return nil }
            } else if id > newestOld {
                return nil
            }
            return Person(id: id, name: name, pseudonym: row[2].text, lastDay: seen[id]?.last)
        }
    }

    /// The day on which each user was seen last, and last before the day.
    private static func lastDays(
        _ connection: any SQLConnection, before day: Int
    ) throws(StoreError) -> [Int64: (last: Int64, before: Int64?)] {
        var days: [Int64: (last: Int64, before: Int64?)] = [:]
        for row in try connection.query(
            """
            SELECT usr, max(day), max(CASE WHEN day < \(day) THEN day END)
            FROM (
                SELECT usr, day FROM runs
                UNION ALL SELECT usr, day FROM pruned_usage
                UNION ALL
                SELECT usr, COALESCE(end_time, start_time, submit_time, 0) / \(Calendar.microsecondsPerDay)
                FROM jobs WHERE source = 1) seen
            GROUP BY usr
            """)
        { if let id = row[0].integer, let last = row[1].integer { days[id] = (last, row[2].integer) } }
        return days
    }

    /// Reunites a person who had become a pseudonym altogether and came back, also while the new usage is too young to
    /// lose its name: the person has the pseudonym on all days on which there was one.
    ///
    /// - Parameter day: the first day on which names stay.
    /// - Returns: the first day of those people's names.
    private static func takeBack(
        _ connection: any SQLConnection, _ key: PseudonymKey, before day: Int
    ) throws(StoreError) -> [Int64: Int] {
        try Renaming.clear(connection)
        var gone: [ExactText: Int64] = [:]
        for row in try connection.query("SELECT id, name FROM users WHERE pseudonym = name") {
            if let id = row[0].integer, let name = row[1].text { gone[ExactText(name)] = id }
        }
        if gone.isEmpty { return [:] }
        var back: [(id: Int64, old: Int64, pseudonym: String, namedFrom: Int64)] = []
        // an interrupted run has taken people back in part if they have a pseudonym already
        for row in try connection.query(
            """
            SELECT id, name, pseudonym, named_from FROM users
            WHERE id <> 0 AND (pseudonym IS NULL OR pseudonym <> name) ORDER BY id
            """)
        {
            guard let id = row[0].integer, let name = row[1].text else { continue }
            let pseudonym = row[2].text ?? key.pseudonym(of: name)
            guard let old = gone.removeValue(forKey: ExactText(pseudonym)) else { continue }
            try Renaming.note(connection, .user, old: old, new: id, before: Renaming.always)
            back.append((id, old, pseudonym, row[3].integer ?? 0))
        }
        if back.isEmpty { return [:] }
        let seen = try lastDays(connection, before: day)
        var named: [Int64: Int] = [:]
        for person in back {
            named[person.id] = Int(max(Int64(day), person.namedFrom, (seen[person.old]?.last ?? -1) + 1))
        }
        // before their old usage is joined to them, so that it never shows a name
        try connection.transaction { () throws(StoreError) in
            for person in back {
                try connection.query(
                    "UPDATE users SET pseudonym = ?, named_from = \(named[person.id] ?? day) WHERE id = ?",
                    [.text(person.pseudonym), .integer(person.id)])
            }
        }
        // no writer uses the pseudonym's row: no record has its name
        try Renaming.apply(connection) { _, _ in }
        try Renaming.deleteUsers(connection)
        return named
    }

    private static func rename(
        _ person: Person, _ connection: any SQLConnection, _ key: PseudonymKey, from day: Int
    ) throws(StoreError) {
        let pseudonym = person.pseudonym ?? key.pseudonym(of: person.name)
        if person.lastDay ?? 0 < Int64(day) {
            try connection.query(
                "UPDATE users SET name = ?, pseudonym = ?, named_from = 0 WHERE id = ?",
                [.text(pseudonym), .text(pseudonym), .integer(person.id)])
        } else {
            try connection.query(
                "UPDATE users SET pseudonym = ?, named_from = \(day) WHERE id = ?",
                [.text(pseudonym), .integer(person.id)])
        }
    }

    /// The names that old usage must lose.
    private static func pathNames(
        _ connection: any SQLConnection, _ people: [Person], _ rules: Rules
    ) throws(StoreError) -> PathNames {
        var names = PathNames(key: rules.key, homes: rules.homes)
        for person in people {
            names.replace(person.name, of: person.id, by: person.pseudonym ?? rules.key.pseudonym(of: person.name))
        }
        for row in try connection.query("SELECT id, name, pseudonym FROM users WHERE pseudonym IS NOT NULL") {
            guard let id = row[0].integer, let name = row[1].text, let pseudonym = row[2].text else { continue }
            if name == pseudonym {
                names.note(gone: pseudonym, of: id)
            } else {
                names.replace(name, of: id, by: pseudonym)
            }
        }
        return names
    }

    /// Removes overwritten names from the files too, as far as other connections allow.
    private static func sweep(_ connection: any SQLConnection) throws(StoreError) {
        try connection.dialect.sweep(
            [
                "users", "programs", "executables", "environments", "jobs", "quarantine", "snapshots", "hosts", "steps",
                "clusters", "accounts", "qoses", "partitions", "packages", "stack_packages",
            ], on: connection)
    }
}
