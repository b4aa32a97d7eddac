import Record
import Store

/// The programs that people ran. Runs alone tell them, because packed days do not keep them.
enum UserPrograms {
    /// Users that a statement names one by one. With more it reads the runs of all.
    private static let mostNamed = 1_000

    /// The most used programs of some people, most processes first. A process without the name of a program does not
    /// count.
    ///
    /// - Parameters:
    ///   - grouping: only usage of its groups.
    ///   - names: of the people.
    static func mostUsed(
        _ connection: any SQLConnection, _ filter: UsageFilter, _ grouping: UsageGrouping, by names: [String],
        _ people: People, limit: Int
    ) throws(StoreError) -> [ExactText: [String]] {
        if names.isEmpty { return [:] }
        let wanted = Set(names.map { ExactText($0) })
        var counts: [ExactText: [Int64: Int64]] = [:]
        for row in try runs(connection, filter, grouping, of: people.numbers(called: wanted)) {
            guard let user = row[0].integer, let day = row[1].integer, let program = row[2].integer else { continue }
            let name = ExactText(people.name(of: people.person(user, on: Int(day))))
            if wanted.contains(name) { counts[name, default: [:]][program, default: 0] &+= row[3].integer ?? 0 }
        }
        var candidates: Set<Int64> = []
        for programs in counts.values { candidates.formUnion(UserPrograms.candidates(programs, limit)) }
        let texts = try texts(connection, candidates)
        return counts.mapValues { programs in
            programs.compactMap { number, count in texts[number].map { (text: $0, count: count) } }
                .sorted { $0.count == $1.count ? byBytes($0.text, $1.text) : $0.count > $1.count }
                .map { $0.text }.limited(to: limit)
        }
    }

    /// User, day of a name, program and processes.
    private static func runs(
        _ connection: any SQLConnection, _ filter: UsageFilter, _ grouping: UsageGrouping, of users: [Int64]
    ) throws(StoreError) -> [[SQLValue]] {
        let (condition, parameters) = try filter.condition(on: connection)
        let named = users.map { String($0) }.joined(separator: ", ")
        let byUser = users.count > mostNamed ? "" : " AND r.usr IN (\(named))"
        let (key, source) = (grouping.key, grouping.key == .stack ? "stacks" : "environments")
        // a day of the pseudonym, or a day of the name
        let day = "CASE WHEN r.day < u.named_from THEN 0 ELSE u.named_from END"
        return try connection.query(
            """
            SELECT r.usr, \(day), r.program, CAST(sum(r.processes) AS bigint)
            FROM runs r JOIN users u ON u.id = r.usr
            WHERE r.program <> 0\(byUser)\(condition) AND r.\(key) IN (
                SELECT r.\(key) FROM (SELECT id AS \(key) FROM \(source)) r \(grouping.joins)
                WHERE true\(grouping.condition))
            GROUP BY r.usr, \(day), r.program
            """, parameters + grouping.parameters)
    }

    /// The programs that may be among the first: names decide between equal ones.
    private static func candidates(_ programs: [Int64: Int64], _ limit: Int) -> [Int64] {
        let counts = programs.values.sorted(by: >)
        let least = counts.count > limit ? counts[limit - 1] : 0
        return programs.filter { $0.value >= least }.map { $0.key }
    }

    private static func texts(
        _ connection: any SQLConnection, _ numbers: Set<Int64>
    ) throws(StoreError) -> [Int64: String] {
        if numbers.isEmpty { return [:] }
        let list = numbers.map { String($0) }.joined(separator: ", ")
        var texts: [Int64: String] = [:]
        for row in try connection.query("SELECT id, name FROM programs WHERE id IN (\(list))") {
            texts[row[0].integer ?? 0] = row[1].text ?? ""
        }
        return texts
    }
}
