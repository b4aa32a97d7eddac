import Store

/// The packages that are used in the same jobs: the fourth and fifth figure of the SciPy 2021 paper.
///
/// Each package is a vector with 1 for each job that used it and 0 for each other job. There are many jobs and few
/// different sets of stacks that jobs use, so the matrix is counted from the sets.
public struct PackageCorrelations: Sendable, Equatable {
    public struct Row: Sendable, Equatable {
        public let a: String
        public let b: String
        public let pearson: Double
        /// Jobs that used both.
        public let jobs: Int64
    }

    /// The largest number of packages in the matrix, which grows as its square: those used in the most jobs.
    public static let widest = 1_000

    public let rows: [Row]

    /// - Parameters:
    ///   - package: only pairs with this one, which is `a` in all of them; without it each pair once, `a` before `b`.
    ///   - least: the smallest coefficient in the answer; nil for all.
    public static func ask(
        _ connection: any SQLConnection, _ filter: UsageFilter, package: String? = nil, least: Double? = nil,
        limit: Int? = nil
    ) throws(StoreError) -> PackageCorrelations {
        var rows: [Row] = []
        let jobs = try JobGroups.ask(connection, filter, byPeople: filter.leastUsers > 0)
        for pair in pairs(jobs, filter, package: package) {
            guard let coefficient = pair.pearson, coefficient >= least ?? -1 else { continue }
            rows.append(Row(a: pair.a, b: pair.b, pearson: coefficient, jobs: pair.jobs))
        }
        rows.sort { left, right in
            if left.pearson != right.pearson { return left.pearson > right.pearson }
            return isSame(left.a, right.a) ? byBytes(left.b, right.b) : byBytes(left.a, right.a)
        }
        return PackageCorrelations(rows: rows.limited(to: limit))
    }

    struct Pair {
        fileprivate let first: Int
        fileprivate let second: Int
        let a: String
        let b: String
        let jobs: Int64
        /// The users of Python in these jobs; empty unless needed.
        let people: Set<Int64>
        /// nil if one of the vectors is constant.
        var pearson: Double?
    }

    /// All pairs in no order, pairs without a coefficient included.
    ///
    /// - Parameter jobs: by people if the filter requires a number of users.
    static func pairs(_ jobs: JobGroups, _ filter: UsageFilter, package: String? = nil) -> [Pair] {
        let all = jobs.groups.reduce(0) { $0 + $1.jobs }
        var totals = [Int64](repeating: 0, count: jobs.names.count)
        for group in jobs.groups { for place in group.packages { totals[place] += group.jobs } }
        let chosen = mostUsed(totals, jobs.names)
        let first = package.map { name in jobs.names.firstIndex { isSame($0, name) } }
        if let first, first.map({ totals[$0] }) ?? 0 == 0 { return [] }
        var pairs = first.map { self.pairs(with: $0 ?? 0, in: jobs) } ?? self.pairs(of: chosen, in: jobs)
        if filter.leastUsers > 0 { pairs = pairs.filter { Int64($0.people.count) >= filter.leastUsers } }
        for (index, pair) in pairs.enumerated() {
            pairs[index].pearson = pearson(
                both: pair.jobs, first: totals[pair.first], second: totals[pair.second], all: all)
        }
        return pairs
    }

    /// The indices of the packages used in the most jobs, in the order of their names.
    private static func mostUsed(_ totals: [Int64], _ names: [String]) -> [Int] {
        let used = totals.indices.filter { totals[$0] > 0 }
        let sorted = used.sorted { totals[$0] == totals[$1] ? byBytes(names[$0], names[$1]) : totals[$0] > totals[$1] }
        return sorted.prefix(widest).sorted { byBytes(names[$0], names[$1]) }
    }

    private static func pairs(with first: Int, in jobs: JobGroups) -> [Pair] {
        // a package that is never used together with it has a coefficient too
        var both = [Int64?](repeating: nil, count: jobs.names.count)
        var people: [Int: Set<Int64>] = [:]
        for group in jobs.groups {
            let isShared = group.packages.contains(first)
            for place in group.packages { both[place] = (both[place] ?? 0) + (isShared ? group.jobs : 0) }
            guard isShared, !group.people.isEmpty else { continue }
            for place in group.packages { people[place, default: []].formUnion(group.people) }
        }
        return both.indices.compactMap { second in
            guard second != first, let shared = both[second] else { return nil }
            return Pair(
                first: first, second: second, a: jobs.names[first], b: jobs.names[second], jobs: shared,
                people: people[second] ?? [])
        }
    }

    private static func pairs(of chosen: [Int], in jobs: JobGroups) -> [Pair] {
        var ranks = [Int?](repeating: nil, count: jobs.names.count)
        for (rank, place) in chosen.enumerated() { ranks[place] = rank }
        var both = [Int64](repeating: 0, count: chosen.count * chosen.count)
        var people: [Int: Set<Int64>] = [:]
        for group in jobs.groups {
            let present = group.packages.compactMap { ranks[$0] }.sorted()
            for (index, first) in present.enumerated() {
                for second in present[(index + 1)...] {
                    let cell = first * chosen.count + second
                    both[cell] += group.jobs
                    if !group.people.isEmpty { people[cell, default: []].formUnion(group.people) }
                }
            }
        }
        return chosen.indices.flatMap { first in
            chosen.indices.dropFirst(first + 1).map { second in
                let cell = first * chosen.count + second
                return Pair(
                    first: chosen[first], second: chosen[second], a: jobs.names[chosen[first]],
                    b: jobs.names[chosen[second]], jobs: both[cell], people: people[cell] ?? [])
            }
        }
    }
}

extension PackageCorrelations {
    private static let fields: [Field<Row>] = [
        .text("a") { $0.a }, .text("b") { $0.b }, .number("pearson") { $0.pearson },
        .count("jobs", of: .jobs) { $0.jobs },
    ]

    public var answer: Answer { Answer(rows, PackageCorrelations.fields) }
}
