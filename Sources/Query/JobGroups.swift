import Store

/// All jobs that a filter leaves, counted by what they used.
///
/// There are many jobs and few different sets of stacks that jobs use: the store counts jobs by set, and each set's packages are
/// looked at once. Counted one by one, a year's pairs of job and package would be sorted to find equal ones.
struct JobGroups {
    struct Group {
        /// Places in `names`, each once.
        let packages: [Int]
        let jobs: Int64
        let nodeSeconds: Int64
        /// Whose they are; nil where that is not asked or not known.
        let owner: Int64?
    }

    /// Of all packages that were used, in jobs or not.
    let names: [String]
    let groups: [Group]

    /// - Parameters:
    ///   - byOwner: jobs of different users are in different groups.
    ///   - withTime: node seconds are counted, which takes another look at the runs.
    static func ask(
        _ connection: any SQLConnection, _ filter: UsageFilter, byOwner: Bool = false, withTime: Bool = false
    ) throws(StoreError) -> JobGroups {
        let (condition, parameters) = filter.condition(in: connection.dialect)
        let owner = byOwner ? "(SELECT NULLIF(j.usr, 0) FROM jobs j WHERE j.id = job)" : "NULL"
        let time = withTime ? ", job_time AS (\(JobTime.sql(condition)))" : ""
        let rows = try connection.query(
            """
            WITH job_stacks AS (
                SELECT DISTINCT r.job, r.stack FROM runs r WHERE r.job <> 0\(condition) ORDER BY r.job, r.stack),
            job_sets AS (
                SELECT job, \(connection.dialect.joined("CAST(stack AS text)", by: ",", orderedBy: "stack")) AS stacks,
                    \(owner) AS usr
                FROM job_stacks GROUP BY job)\(time)
            SELECT s.stacks, count(*), s.usr, \(withTime ? "sum(t.node_seconds)" : "0")
            FROM job_sets s\(withTime ? " JOIN job_time t ON t.job = s.job" : "") GROUP BY s.stacks, s.usr
            """, parameters + (withTime ? parameters : []))
        let (names, packages) = try packagesOfStacks(connection, filter)
        // in which group a package was met last: it counts once however many of the group's stacks have it
        var met = [Int](repeating: -1, count: names.count)
        let groups = rows.enumerated().map { index, row in
            var places: [Int] = []
            for stack in (row[0].text ?? "").utf8.split(separator: UInt8(ascii: ",")) {
                for place in packages[number(stack)] ?? [] where met[place] != index {
                    met[place] = index
                    places.append(place)
                }
            }
            return Group(
                packages: places, jobs: row[1].integer ?? 0, nodeSeconds: row[3].integer ?? 0, owner: row[2].integer)
        }
        return JobGroups(names: names, groups: groups)
    }

    private static func number(_ digits: Substring.UTF8View) -> Int64 {
        digits.reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
    }

    /// The packages of each stack, as places in the names.
    private static func packagesOfStacks(
        _ connection: any SQLConnection, _ filter: UsageFilter
    ) throws(StoreError) -> (names: [String], packages: [Int64: [Int]]) {
        var places: [Int64: Int] = [:]
        var names: [String] = []
        for row in try connection.query("SELECT id, name FROM packages WHERE id <> 0") {
            places[row[0].integer ?? 0] = names.count
            names.append(row[1].text ?? "")
        }
        var packages: [Int64: [Int]] = [:]
        let rows = try connection.query(
            "SELECT sp.stack, sp.package FROM stack_packages sp WHERE true\(filter.packageCondition)")
        for row in rows {
            if let place = places[row[1].integer ?? 0] { packages[row[0].integer ?? 0, default: []].append(place) }
        }
        return (names, packages)
    }
}
