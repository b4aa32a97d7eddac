import JSON
import Record
import Store

/// The report on one package.
public struct PackageReport: Sendable, Equatable {
    public struct Version: Sendable, Equatable {
        /// nil if hooks could not find it.
        public let version: String?
        public let users: Int64
        public let jobs: Int64
    }

    public struct Companion: Sendable, Equatable {
        public let package: String
        /// Jobs in which both were used.
        public let jobs: Int64
        /// Pearson's correlation of the two 0/1 vectors over all jobs (SciPy 2021 paper, figure 4); nil if one of them
        /// is constant.
        public let pearson: Double?
    }

    public let package: String
    public let users: Int64
    public let jobs: Int64
    public let processes: Int64
    /// Microseconds since 1970 UTC; nil if it was never seen. The beginning of the day if the answer is for
    /// publication.
    public let firstSeen: Int64?
    public let lastSeen: Int64?
    public let versions: [Version]
    public let months: [MonthOfUse]
    public let jobSizes: [JobSizes.Row]
    public let companions: [Companion]

    /// - Parameter companionLimit: the largest number of packages in `companions`.
    public static func ask(
        _ connection: any SQLConnection, _ filter: UsageFilter, package: String, companionLimit: Int = 20
    ) throws(StoreError) -> PackageReport {
        let packages = try StackGroups.packages(connection, filter)
        let byVersion = try UsageGrouping.use(of: package, filter, by: ["sp.version"]).stackGroups(connection)
        var uses = UserStackSums()
        var months = MonthlyUse()
        var sizes = JobSizes.Count(filter)
        var all = JobCount(byPeople: filter.leastUsers > 0)
        let columns = all.columns.union(MonthlyUse.columns).union(sizes.columns).union([.processes])
        try UsageScan(connection, filter).days(columns) { rows, kept in
            all.add(rows, kept)
            let using = byVersion.places(kept, rows[.stack])
            months.add(rows, using)
            sizes.add(rows, using)
            uses.add(rows, using, key: rows[.stack])
        }
        let versions = byVersion.tallies(uses, all.jobs, leastUsers: filter.leastUsers).map { key, tally in
            Version(version: key[0].text, users: tally.users, jobs: tally.jobs)
        }.sorted(by: Version.comesBefore)
        let total = byVersion.total(uses, all.jobs, leastUsers: filter.leastUsers)
        let seen = try times(connection, filter, byVersion, total)
        let pruned = try PackageTrend.prunedJobs(connection, filter, package: package)
        return PackageReport(
            package: package, users: total.users, jobs: total.jobs, processes: total.processes,
            firstSeen: seen?.first, lastSeen: seen?.last, versions: versions,
            months: months.months(pruned: pruned, filter), jobSizes: sizes.rows,
            companions: companions(JobGroups(all, packages), filter, package: package).limited(to: companionLimit))
    }

    /// The first and last moment, from the runs of the first and the last day. If these were pruned, or the answer is
    /// for publication, the times are those of the days.
    private static func times(
        _ connection: any SQLConnection, _ filter: UsageFilter, _ stacks: StackGroups<[SQLValue]>, _ total: UsageTally
    ) throws(StoreError) -> (first: Int64, last: Int64)? {
        guard total.processes > 0 else { return nil }
        /// The times of the stacks that contain the package.
        func moments(on day: Int64) throws(StoreError) -> [(first: Int64, last: Int64)] {
            var filter = filter
            filter.firstDay = Int(day)
            filter.lastDay = Int(day)
            let (condition, parameters) = try filter.condition(on: connection)
            return try connection.query(
                """
                SELECT r.stack, min(r.first_seen), max(r.last_seen) FROM runs r WHERE true\(condition) GROUP BY r.stack
                """, parameters
            ).filter { stacks.has($0[0].integer ?? -1) }.map { ($0[1].integer ?? 0, $0[2].integer ?? 0) }
        }
        let day = Calendar.microsecondsPerDay
        // a moment would tell of one process
        if filter.leastUsers > 0 { return (total.firstDay * day, total.lastDay * day) }
        let first = try moments(on: total.firstDay).map { $0.first }.min()
        let last = try moments(on: total.lastDay).map { $0.last }.max()
        return (first ?? total.firstDay * day, last ?? total.lastDay * day)
    }

    private static func companions(_ jobs: JobGroups, _ filter: UsageFilter, package: String) -> [Companion] {
        PackageCorrelations.pairs(jobs, filter, package: package)
            .filter { $0.jobs > 0 }.map { Companion(package: $0.b, jobs: $0.jobs, pearson: $0.pearson) }
            .sorted { $0.jobs == $1.jobs ? byBytes($0.package, $1.package) : $0.jobs > $1.jobs }
    }
}

extension PackageReport.Version {
    /// Most users first, then most jobs, then by name; an unknown name after an empty one.
    fileprivate static func comesBefore(_ left: Self, _ right: Self) -> Bool {
        if left.users != right.users { return left.users > right.users }
        if left.jobs != right.jobs { return left.jobs > right.jobs }
        let (one, other) = (left.version ?? "", right.version ?? "")
        return isSame(one, other) ? left.version != nil && right.version == nil : byBytes(one, other)
    }
}

extension PackageReport {
    private static let versionFields: [Field<Version>] = [
        .text("version") { $0.version }, .count("users", of: .users) { $0.users },
        .count("jobs", of: .jobs) { $0.jobs },
    ]

    private static let monthFields: [Field<MonthOfUse>] = [
        .month("month") { $0.month }, .count("users", of: .users) { $0.users }, .count("jobs", of: .jobs) { $0.jobs },
    ]

    private static let companionFields: [Field<Companion>] = [
        .text("package", heading: "used with") { $0.package }, .count("jobs", of: .jobs) { $0.jobs },
        .number("pearson") { $0.pearson },
    ]

    /// All of it; its table is that of the versions.
    public var answer: Answer {
        Answer(
            [
                JSON.Member("package", .text(package)), JSON.Member("users", .integer(users)),
                JSON.Member("jobs", .integer(jobs)), JSON.Member("processes", .integer(processes)),
                JSON.Member("first_seen", .time(firstSeen)), JSON.Member("last_seen", .time(lastSeen)),
                JSON.Member("versions", Answer(versions, PackageReport.versionFields).json),
                JSON.Member("by_month", byMonth.json), JSON.Member("job_sizes", bySize.json),
                JSON.Member("used_with", usedWith.json),
            ], table: versions, PackageReport.versionFields)
    }

    public var byMonth: Answer { Answer(months, PackageReport.monthFields, measure: .jobs) }
    public var bySize: Answer { Answer(jobSizes, JobSizes.fields, measure: .jobs) }
    public var usedWith: Answer { Answer(companions, PackageReport.companionFields) }
}
