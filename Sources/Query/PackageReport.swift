import Record
import Store

/// All that is told of one package.
public struct PackageReport: Sendable, Equatable {
    public struct Version: Sendable, Equatable {
        /// nil where hooks could not tell it.
        public let version: String?
        public let users: Int64
        public let jobs: Int64
    }

    public struct Month: Sendable, Equatable {
        /// `2026-11`
        public let month: String
        public let users: Int64
        public let jobs: Int64
    }

    public struct JobSize: Sendable, Equatable {
        /// nil where nobody said.
        public let nodes: Int64?
        public let jobs: Int64
    }

    public struct Companion: Sendable, Equatable {
        public let package: String
        /// Jobs in which both were used.
        public let jobs: Int64
        /// Pearson's correlation of the two 0/1 vectors over all jobs (SciPy 2021 paper, figure 4); nil where one of them is
        /// constant.
        public let pearson: Double?
    }

    public let package: String
    public let users: Int64
    public let jobs: Int64
    public let processes: Int64
    /// Microseconds since 1970 UTC; nil if it was never seen.
    public let firstSeen: Int64?
    public let lastSeen: Int64?
    public let versions: [Version]
    public let months: [Month]
    public let jobSizes: [JobSize]
    public let companions: [Companion]

    /// - Parameter companionLimit: the most packages to name in `companions`.
    public static func ask(
        _ connection: any SQLConnection, _ filter: UsageFilter, package: String, companionLimit: Int = 20
    ) throws(StoreError) -> PackageReport {
        let use = UsageGrouping.use(of: package, filter, by: ["sp.version"])
        let versions = try use.tallies(connection, filter).map { key, tally in
            Version(version: key[0].text, users: tally.users, jobs: tally.jobs)
        }.sorted(by: Version.comesBefore)
        let total = try use.by(["p.name"]).tallies(connection, filter).values.first ?? UsageTally()
        let seen = try times(connection, filter, use, total)
        return PackageReport(
            package: package, users: total.users, jobs: total.jobs, processes: total.processes,
            firstSeen: seen?.first, lastSeen: seen?.last, versions: versions,
            months: try PackageTrend.ask(connection, filter, packages: [package]).rows.map {
                Month(month: $0.month, users: $0.users, jobs: $0.jobs)
            },
            jobSizes: try JobSizes.ask(connection, filter, package: package).rows.map {
                JobSize(nodes: $0.nodes, jobs: $0.jobs)
            },
            companions: try companions(connection, filter, package: package).limited(to: companionLimit))
    }

    /// The runs know the moments; where they have been pruned the daily sums know the days.
    private static func times(
        _ connection: any SQLConnection, _ filter: UsageFilter, _ use: UsageGrouping, _ total: UsageTally
    ) throws(StoreError) -> (first: Int64, last: Int64)? {
        guard total.processes > 0 else { return nil }
        let (condition, parameters) = filter.condition(in: connection.dialect)
        let row = try connection.query(
            """
            SELECT min(r.first_seen), max(r.last_seen)
            FROM runs r \(use.joins) WHERE true\(use.condition)\(condition)
            """, use.parameters + parameters
        ).first
        let firstDay = total.firstDay * Calendar.microsecondsPerDay
        let lastDay = total.lastDay * Calendar.microsecondsPerDay
        guard let first = row?[0].integer, let last = row?[1].integer else { return (firstDay, lastDay) }
        return (
            first >= firstDay + Calendar.microsecondsPerDay ? firstDay : first, last < lastDay ? lastDay : last
        )
    }

    private static func companions(
        _ connection: any SQLConnection, _ filter: UsageFilter, package: String
    ) throws(StoreError) -> [Companion] {
        try PackageCorrelations.pairs(connection, filter, package: package)
            .filter { $0.jobs > 0 }.map { Companion(package: $0.b, jobs: $0.jobs, pearson: $0.pearson) }
            .sorted { $0.jobs == $1.jobs ? byBytes($0.package, $1.package) : $0.jobs > $1.jobs }
    }
}

extension PackageReport.Version {
    /// Most users first, then most jobs, then by name; an unknown one behind an empty one.
    fileprivate static func comesBefore(_ left: Self, _ right: Self) -> Bool {
        if left.users != right.users { return left.users > right.users }
        if left.jobs != right.jobs { return left.jobs > right.jobs }
        let (one, other) = (left.version ?? "", right.version ?? "")
        return one == other ? left.version != nil && right.version == nil : byBytes(one, other)
    }
}

/// Pearson's correlation coefficient of two 0/1 vectors, from counts; nil where one of them is constant.
func pearson(both: Int64, first: Int64, second: Int64, all: Int64) -> Double? {
    let n = Double(all)
    let x = Double(first)
    let y = Double(second)
    let spread = ((x * (n - x)) * (y * (n - y))).squareRoot()
    guard spread > 0 else { return nil }
    let value = (n * Double(both) - x * y) / spread
    // beyond the twelfth digit there is noise; and zero has no sign
    return (value * 1e12).rounded() / 1e12 + 0
}
