import Record
import Store

extension PackageReport {
    /// The report, without what may not be published if the filter asks for that.
    ///
    /// - Parameter companionLimit: the largest number of packages in `companions`.
    public static func publish(
        _ connection: any SQLConnection, _ filter: UsageFilter, package: String, companionLimit: Int = 20
    ) throws(StoreError) -> PackageReport {
        let told = try ask(connection, filter, package: package, companionLimit: companionLimit)
        if filter.leastUsers == 0 { return told }
        let all = try ask(connection, filter.telling(ofAtLeast: 0), package: package, companionLimit: 0)
        let months = withoutSmallest(told.months, of: all.months.count) { $0.users ?? 0 }
        return PackageReport(
            package: package, users: CoarseNumbers.users(told.users), jobs: CoarseNumbers.amount(told.jobs),
            processes: CoarseNumbers.amount(told.processes), firstSeen: time(months.first), lastSeen: time(months.last),
            versions: withoutSmallest(told.versions, of: all.versions.count) { $0.users }.map {
                Version(
                    version: $0.version, users: CoarseNumbers.users($0.users), jobs: CoarseNumbers.amount($0.jobs))
            },
            months: months.map {
                MonthOfUse(
                    month: $0.month, users: $0.users.map { CoarseNumbers.users($0) },
                    jobs: CoarseNumbers.amount($0.jobs))
            },
            jobSizes: withoutSmallest(told.jobSizes, of: all.jobSizes.count) { $0.jobs }.map {
                JobSizes.Row(nodes: $0.nodes, jobs: CoarseNumbers.amount($0.jobs))
            },
            companions: told.companions.map {
                Companion(
                    package: $0.package, jobs: CoarseNumbers.amount($0.jobs),
                    pearson: $0.pearson.map { CoarseNumbers.coefficient($0) })
            })
    }

    /// The parts of a whole that are told: one that is left out could be computed, so the smallest goes too.
    private static func withoutSmallest<Part>(_ parts: [Part], of all: Int, _ size: (Part) -> Int64) -> [Part] {
        guard parts.count < all, let smallest = parts.indices.min(by: { size(parts[$0]) < size(parts[$1]) }) else {
            return parts
        }
        return parts.indices.filter { $0 != smallest }.map { parts[$0] }
    }

    /// The beginning of a month, microseconds since 1970 UTC: a day could be that of one person.
    private static func time(_ month: MonthOfUse?) -> Int64? {
        let numbers = month?.month.split(separator: "-").compactMap { Int($0) } ?? []
        guard numbers.count == 2 else { return nil }
        return Int64(Calendar.days(year: numbers[0], month: numbers[1], day: 1)) * Calendar.microsecondsPerDay
    }
}
