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
        let groups = try JobGroup.ask(connection, filter)
        let all = groups.reduce(0) { $0 + $1.jobs }
        var totals: [String: Int64] = [:]
        for group in groups { for name in group.packages { totals[name, default: 0] += group.jobs } }
        let pairs =
            package.map { self.pairs(with: $0, in: groups) } ?? self.pairs(of: mostUsed(totals), in: groups)
        var rows: [Row] = []
        for pair in pairs {
            let coefficient = pearson(
                both: pair.jobs, first: totals[pair.a] ?? 0, second: totals[pair.b] ?? 0, all: all)
            guard let coefficient, coefficient >= least ?? -1 else { continue }
            rows.append(Row(a: pair.a, b: pair.b, pearson: coefficient, jobs: pair.jobs))
        }
        rows.sort { left, right in
            if left.pearson != right.pearson { return left.pearson > right.pearson }
            return left.a == right.a ? byBytes(left.b, right.b) : byBytes(left.a, right.a)
        }
        return PackageCorrelations(rows: rows.limited(to: limit))
    }

    private static func mostUsed(_ totals: [String: Int64]) -> [String] {
        let sorted = totals.sorted { $0.value == $1.value ? byBytes($0.key, $1.key) : $0.value > $1.value }
        return sorted.prefix(widest).map { $0.key }.sorted(by: byBytes)
    }

    private typealias Pair = (a: String, b: String, jobs: Int64)

    private static func pairs(with package: String, in groups: [JobGroup]) -> [Pair] {
        var both: [String: Int64] = [:]
        for group in groups {
            let shared = group.packages.contains(package) ? group.jobs : 0
            // a package that is never used with it correlates too
            for name in group.packages { both[name, default: 0] += shared }
        }
        guard both[package] != nil else { return [] }
        return both.compactMap { $0.key == package ? nil : (package, $0.key, $0.value) }
    }

    private static func pairs(of names: [String], in groups: [JobGroup]) -> [Pair] {
        let places = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
        var both = [Int64](repeating: 0, count: names.count * names.count)
        for group in groups {
            let present = group.packages.compactMap { places[$0] }.sorted()
            for (index, first) in present.enumerated() {
                for second in present[(index + 1)...] { both[first * names.count + second] += group.jobs }
            }
        }
        return names.indices.flatMap { first in
            names.indices.dropFirst(first + 1).map { (names[first], names[$0], both[first * names.count + $0]) }
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

    /// All jobs that the filter leaves, each in one group.
    static func ask(_ connection: any SQLConnection, _ filter: UsageFilter) throws(StoreError) -> [JobGroup] {
        let (condition, parameters) = filter.condition(in: connection.dialect)
        let rows = try connection.query(
            """
            WITH job_stacks AS (
                SELECT DISTINCT r.job, r.stack FROM runs r WHERE r.job <> 0\(condition) ORDER BY r.job, r.stack),
            job_sets AS (
                SELECT \(connection.dialect.joined("CAST(stack AS text)", by: ",", orderedBy: "stack")) AS stacks
                FROM job_stacks GROUP BY job)
            SELECT stacks, count(*) FROM job_sets GROUP BY stacks
            """, parameters)
        let packages = try packagesOfStacks(connection, filter)
        return rows.map { row in
            let stacks = (row[0].text ?? "").split(separator: ",").compactMap { Int64($0) }
            return JobGroup(
                packages: stacks.reduce(into: []) { $0.formUnion(packages[$1] ?? []) }, jobs: row[1].integer ?? 0)
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
