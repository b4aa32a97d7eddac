import Store

/// Which packages are used in the same jobs: the fourth and fifth figure of the SciPy 2021 paper.
///
/// Each package is a vector with 1 for each job that used it and 0 for each other job. There are many jobs and few different
/// sets of stacks that jobs use, so the store counts jobs by set, and the matrix is counted from the sets.
public struct PackageCorrelations: Sendable, Equatable {
    public struct Row: Sendable, Equatable {
        public let a: String
        public let b: String
        public let pearson: Double
        /// Jobs that used both.
        public let jobs: Int64
    }

    /// Without a package, the packages that stand in the matrix are those used in the most jobs: it grows as their square.
    public static let widest = 1_000

    public let rows: [Row]

    /// - Parameters:
    ///   - package: only pairs with this one, which is `a` in all of them; else each pair once, `a` before `b`.
    ///   - least: the smallest coefficient to tell; nil for all.
    public static func ask(
        _ connection: any SQLConnection, _ filter: UsageFilter, package: String? = nil, least: Double? = nil,
        limit: Int? = nil
    ) throws(StoreError) -> PackageCorrelations {
        var rows: [Row] = []
        for pair in try pairs(connection, filter, package: package) {
            guard let coefficient = pair.pearson, coefficient >= least ?? -1 else { continue }
            rows.append(Row(a: pair.a, b: pair.b, pearson: coefficient, jobs: pair.jobs))
        }
        rows.sort { left, right in
            if left.pearson != right.pearson { return left.pearson > right.pearson }
            return left.a == right.a ? byBytes(left.b, right.b) : byBytes(left.a, right.a)
        }
        return PackageCorrelations(rows: rows.limited(to: limit))
    }

    struct Pair {
        let a: String
        let b: String
        let jobs: Int64
        /// Whose jobs they are; empty unless that matters.
        let people: Set<Int64>
        /// nil where one of them is constant.
        var pearson: Double?
    }

    /// All pairs, those without a coefficient too, in no order.
    static func pairs(
        _ connection: any SQLConnection, _ filter: UsageFilter, package: String? = nil
    ) throws(StoreError) -> [Pair] {
        let groups = try JobGroup.ask(connection, filter)
        let all = groups.reduce(0) { $0 + $1.jobs }
        var totals: [String: Int64] = [:]
        for group in groups { for name in group.packages { totals[name, default: 0] += group.jobs } }
        var pairs =
            package.map { self.pairs(with: $0, in: groups) } ?? self.pairs(of: mostUsed(totals), in: groups)
        if filter.leastUsers > 0 { pairs = pairs.filter { Int64($0.people.count) >= filter.leastUsers } }
        for (index, pair) in pairs.enumerated() {
            pairs[index].pearson = pearson(
                both: pair.jobs, first: totals[pair.a] ?? 0, second: totals[pair.b] ?? 0, all: all)
        }
        return pairs
    }

    private static func mostUsed(_ totals: [String: Int64]) -> [String] {
        let sorted = totals.sorted { $0.value == $1.value ? byBytes($0.key, $1.key) : $0.value > $1.value }
        return sorted.prefix(widest).map { $0.key }.sorted(by: byBytes)
    }

    private static func pairs(with package: String, in groups: [JobGroup]) -> [Pair] {
        var both: [String: Int64] = [:]
        var people: [String: Set<Int64>] = [:]
        for group in groups {
            let isShared = group.packages.contains(package)
            // a package that is never used with it correlates too
            for name in group.packages { both[name, default: 0] += isShared ? group.jobs : 0 }
            guard isShared, let user = group.user else { continue }
            for name in group.packages { people[name, default: []].insert(user) }
        }
        guard both[package] != nil else { return [] }
        return both.compactMap {
            $0.key == package ? nil : Pair(a: package, b: $0.key, jobs: $0.value, people: people[$0.key] ?? [])
        }
    }

    private static func pairs(of names: [String], in groups: [JobGroup]) -> [Pair] {
        let places = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
        var both = [Int64](repeating: 0, count: names.count * names.count)
        var people: [Int: Set<Int64>] = [:]
        for group in groups {
            let present = group.packages.compactMap { places[$0] }.sorted()
            for (index, first) in present.enumerated() {
                for second in present[(index + 1)...] {
                    let place = first * names.count + second
                    both[place] += group.jobs
                    if let user = group.user { people[place, default: []].insert(user) }
                }
            }
        }
        return names.indices.flatMap { first in
            names.indices.dropFirst(first + 1).map { second in
                let place = first * names.count + second
                return Pair(a: names[first], b: names[second], jobs: both[place], people: people[place] ?? [])
            }
        }
    }
}

extension PackageCorrelations {
    public var json: JSON {
        .array(
            rows.map {
                .object([
                    "a": .text($0.a), "b": .text($0.b), "pearson": .real($0.pearson), "jobs": .integer($0.jobs),
                ])
            })
    }
}

/// Jobs that used the same stacks.
struct JobGroup {
    let packages: Set<String>
    let jobs: Int64
    /// Whose they are; nil where that is not asked or not known.
    let user: Int64?

    /// All jobs that the filter leaves, each in one group.
    static func ask(_ connection: any SQLConnection, _ filter: UsageFilter) throws(StoreError) -> [JobGroup] {
        let (condition, parameters) = filter.condition(in: connection.dialect)
        // nobody's and everybody's jobs are in one group unless it matters whose they are
        let owner = filter.leastUsers > 0 ? "(SELECT NULLIF(j.usr, 0) FROM jobs j WHERE j.id = job)" : "NULL"
        let rows = try connection.query(
            """
            WITH job_stacks AS (
                SELECT DISTINCT r.job, r.stack FROM runs r WHERE r.job <> 0\(condition) ORDER BY r.job, r.stack),
            job_sets AS (
                SELECT \(connection.dialect.joined("CAST(stack AS text)", by: ",", orderedBy: "stack")) AS stacks,
                    \(owner) AS usr
                FROM job_stacks GROUP BY job)
            SELECT stacks, count(*), usr FROM job_sets GROUP BY stacks, usr
            """, parameters)
        let packages = try packagesOfStacks(connection, filter)
        return rows.map { row in
            let stacks = (row[0].text ?? "").split(separator: ",").compactMap { Int64($0) }
            return JobGroup(
                packages: stacks.reduce(into: []) { $0.formUnion(packages[$1] ?? []) }, jobs: row[1].integer ?? 0,
                user: row[2].integer)
        }
    }

    private static func packagesOfStacks(
        _ connection: any SQLConnection, _ filter: UsageFilter
    ) throws(StoreError) -> [Int64: [String]] {
        let (condition, parameters) = filter.condition(in: connection.dialect)
        let rows = try connection.query(
            """
            SELECT sp.stack, p.name FROM stack_packages sp JOIN packages p ON p.id = sp.package
            WHERE sp.stack IN (SELECT r.stack FROM runs r WHERE r.job <> 0\(condition))\(filter.packageCondition)
            """, parameters)
        var packages: [Int64: [String]] = [:]
        for row in rows { packages[row[0].integer ?? 0, default: []].append(row[1].text ?? "") }
        return packages
    }
}
