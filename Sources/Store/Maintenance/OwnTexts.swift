import Record

/// Names of people in texts other than paths: hosts, accounts, packages, versions and the like.
///
/// Such a text loses a name if only that person used it, and before the day. So no one can take a text away from others
/// by being called like it. Rows keep their ids: within a transaction that has begun a new epoch.
struct OwnTexts {
    let connection: any SQLConnection
    /// Usage before this day is old.
    let day: Int

    /// A dictionary, and the queries of its values with their users and days.
    private static let dictionaries: [(table: String, uses: String)] = [
        ("hosts", "SELECT host AS value, usr, day FROM runs UNION ALL SELECT host, NULL, day FROM host_days"),
        ("steps", "SELECT step AS value, usr, day FROM runs"),
        (
            "clusters",
            "SELECT cluster AS value, usr, day FROM runs UNION ALL SELECT cluster, usr, last_day FROM jobs"
        ),
        ("accounts", jobs("account")), ("qoses", jobs("qos")), ("partitions", jobs("partition")),
    ]

    private static func jobs(_ column: String) -> String {
        """
        SELECT \(column) AS value, usr, last_day AS day FROM jobs
        UNION ALL SELECT claimed_\(column), COALESCE(claimed_usr, usr), last_day FROM jobs
            WHERE claimed_\(column) IS NOT NULL
        """
    }

    /// The one user of a value, and the last day; the user is nil if there are several.
    private struct Use {
        var person: Int64?
        var last: Int64

        mutating func add(_ other: Use) {
            if person != other.person { person = nil }
            last = max(last, other.last)
        }
    }

    /// - Returns: the number of texts that have lost names.
    func replace(_ names: inout PathNames) throws(StoreError) -> Int64 {
        var count: Int64 = 0
        for dictionary in OwnTexts.dictionaries {
            let owners = try owners(dictionary.uses)
            count += Int64(try rename(dictionary.table, owners, &names).count)
        }
        count += Int64(try rename("hosts", ownersOfOtherHosts(&names), &names).count)
        let stacks = try owners(
            "SELECT stack AS value, usr, day FROM runs UNION ALL SELECT stack, usr, day FROM pruned_usage")
        count += try packages(stacks, &names)
        count += try nodeLists(&names)
        return count
    }

    /// The nodes of a person's own jobs: a list is no row that others share.
    private func nodeLists(_ names: inout PathNames) throws(StoreError) -> Int64 {
        var count: Int64 = 0
        let isOld = "usr <> 0 AND COALESCE(last_day, 0) < \(day)"
        for row in try connection.query(
            "SELECT DISTINCT usr, node_list FROM jobs WHERE node_list IS NOT NULL AND \(isOld)")
        {
            guard let person = row[0].integer, let list = row[1].text, let changed = names.without([person], in: list)
            else { continue }
            try connection.query(
                "UPDATE jobs SET node_list = ? WHERE usr = ? AND node_list = ? AND \(isOld)",
                [.text(changed), .integer(person), .text(list)])
            count += 1
        }
        return count
    }

    private func owners(_ uses: String) throws(StoreError) -> [Int64: Use] {
        var owners: [Int64: Use] = [:]
        for row in try connection.query(
            """
            SELECT value, min(usr), max(usr), max(COALESCE(day, \(Renaming.always))) FROM (\(uses)) used
            WHERE value <> 0 GROUP BY value
            """)
        {
            guard let value = row[0].integer, let last = row[3].integer else { continue }
            owners[value] = Use(person: row[1].integer == row[2].integer ? row[1].integer : nil, last: last)
        }
        return owners
    }

    /// The people to whom hosts belong that are no run's first host. No run tells who used such a host, so it is that
    /// of the person whose name it contains, if that person has usage on each of its days.
    private func ownersOfOtherHosts(_ names: inout PathNames) throws(StoreError) -> [Int64: Use] {
        var days: [Int64: Set<Int64>] = [:]
        for row in try connection.query(
            "SELECT host, day FROM host_days WHERE host <> 0 AND host NOT IN (SELECT host FROM runs)")
        { if let host = row[0].integer, let day = row[1].integer { days[host, default: []].insert(day) } }
        if days.isEmpty { return [:] }
        var named: [Int64: [Int64]] = [:]
        for row in try connection.query("SELECT id, name FROM hosts WHERE id <> 0") {
            guard let host = row[0].integer, let name = row[1].text, days[host] != nil else { continue }
            let people = names.people(namedIn: name)
            if !people.isEmpty { named[host] = people }
        }
        let usage = try daysOfUsage(Set(named.values.joined()))
        var owners: [Int64: Use] = [:]
        for (host, people) in named {
            guard let own = days[host], let last = own.max() else { continue }
            let person = people.first { own.isSubset(of: usage[$0] ?? []) }
            owners[host] = Use(person: person, last: last)
        }
        return owners
    }

    private func daysOfUsage(_ people: Set<Int64>) throws(StoreError) -> [Int64: Set<Int64>] {
        if people.isEmpty { return [:] }
        let list = people.map { String($0) }.joined(separator: ", ")
        var days: [Int64: Set<Int64>] = [:]
        for row in try connection.query(
            """
            SELECT usr, day FROM runs WHERE usr IN (\(list))
            UNION SELECT usr, day FROM pruned_usage WHERE usr IN (\(list))
            """)
        { if let person = row[0].integer, let day = row[1].integer { days[person, default: []].insert(day) } }
        return days
    }

    private func rename(
        _ table: String, _ owners: [Int64: Use], _ names: inout PathNames
    ) throws(StoreError) -> Set<Int64> {
        var changedRows: Set<Int64> = []
        for row in try connection.query("SELECT id, name FROM \(table) WHERE id <> 0 ORDER BY id") {
            guard let id = row[0].integer, let name = row[1].text, let use = owners[id], let person = use.person,
                use.last < Int64(day), let changed = names.without([person], in: name)
            else { continue }
            let isTaken = try !connection.query("SELECT 1 FROM \(table) WHERE name = ?", [.text(changed)]).isEmpty
            try connection.query(
                "UPDATE \(table) SET name = ? WHERE id = ?",
                [.text(isTaken ? "\(changed)-\(id)" : changed), .integer(id)])
            changedRows.insert(id)
        }
        return changedRows
    }

    /// Packages and versions, which belong to the users of their stacks.
    private func packages(_ stacks: [Int64: Use], _ names: inout PathNames) throws(StoreError) -> Int64 {
        var owners: [Int64: Use] = [:]
        var versions: [(stack: Int64, package: Int64, version: String)] = []
        var uses: [(stack: Int64, package: Int64)] = []
        for row in try connection.query("SELECT stack, package, version FROM stack_packages") {
            guard let stack = row[0].integer, let package = row[1].integer, let use = stacks[stack] else { continue }
            uses.append((stack, package))
            if var known = owners[package] {
                known.add(use)
                owners[package] = known
            } else {
                owners[package] = use
            }
            guard let version = row[2].text, let person = use.person, use.last < Int64(day),
                let changed = names.without([person], in: version)
            else { continue }
            versions.append((stack, package, changed))
        }
        for version in versions {
            try connection.query(
                "UPDATE stack_packages SET version = ? WHERE stack = ? AND package = ?",
                [.text(version.version), .integer(version.stack), .integer(version.package)])
        }
        let renamed = try rename("packages", owners, &names)
        // a stack is looked up by the fingerprint of what is in it, and this one has changed
        for stack in Set(uses.filter { renamed.contains($0.package) }.map { $0.stack } + versions.map { $0.stack }) {
            try connection.query(
                "UPDATE stacks SET fingerprint = \(connection.dialect.randomKey) WHERE id = ?", [.integer(stack)])
        }
        return Int64(versions.count + renamed.count)
    }
}
