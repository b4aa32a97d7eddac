import Record
import Store

/// The versions of a package before a certain one, as `numpy<2` says it.
public struct OldVersions: Sendable, Equatable {
    /// The package's import name.
    public let package: String
    /// The bound as it is written.
    public let text: String
    let bound: PackageVersion

    /// - Parameter text: `PACKAGE<VERSION`.
    public init?(_ text: String) {
        let parts = text.split(separator: "<", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, let bound = PackageVersion(String(parts[1])) else { return nil }
        self.init(package: String(parts[0]), String(parts[1]), bound)
    }

    private init(package: String, _ text: String, _ bound: PackageVersion) {
        (self.package, self.text, self.bound) = (package, text, bound)
    }

    /// The same versions of a package with another name.
    public func of(package: String) -> OldVersions { OldVersions(package: package, text, bound) }

    /// Major versions whose predecessors programs of today no longer run with, or the other way round.
    public static let usual = ["numpy<2", "pandas<2", "torch<2", "tensorflow<2", "mpi4py<4", "h5py<3"].compactMap {
        OldVersions($0)
    }
}

/// How many people still use old versions: for each package what `customs who PACKAGE --older-than VERSION` lists.
struct OldVersionUsage {
    struct Row {
        let versions: OldVersions
        let old: UsageTally
        /// With any version.
        let all: UsageTally
    }

    /// In the order of the versions; without packages that are not used at all.
    let rows: [Row]

    private enum Group: Hashable {
        case old(Int)
        case all(Int)
    }

    init(
        _ connection: any SQLConnection, _ filter: UsageFilter, _ wanted: [OldVersions]
    ) throws(StoreError) {
        if wanted.isEmpty {
            rows = []
            return
        }
        var groups = StackGroups<Group>()
        let names = wanted.map { _ in "?" }.joined(separator: ", ")
        let found = try connection.query(
            """
            SELECT sp.stack, p.name, sp.version FROM stack_packages sp JOIN packages p ON p.id = sp.package
            WHERE p.name IN (\(names))\(filter.packageCondition)
            """, wanted.map { .text($0.package) })
        let places = Dictionary(grouping: wanted.indices) { ExactText(wanted[$0].package) }
        // there are few versions and many stacks
        var versions: [ExactText: PackageVersion?] = [:]
        for row in found {
            let text = ExactText(row[2].text ?? "")
            let version = versions[text] ?? PackageVersion(row[2].text ?? "")
            versions[text] = version
            for place in places[ExactText(row[1].text ?? "")] ?? [] {
                groups.add(row[0].integer ?? 0, to: .all(place))
                if isOlder(version, than: wanted[place].bound) { groups.add(row[0].integer ?? 0, to: .old(place)) }
            }
        }
        var uses = UserStackSums()
        let jobs = JobSets()
        try UsageScan(connection, filter).days([.stack, .user, .processes, .job]) { rows, kept in
            let stacks = rows[.stack]
            let using = groups.places(kept, stacks)
            uses.add(rows, using, key: stacks)
            jobs.add(rows, using, key: stacks)
        }
        let tallies = Dictionary(
            uniqueKeysWithValues: groups.tallies(uses, jobs, leastUsers: 0).map { ($0.group, $0.tally) })
        rows = wanted.indices.compactMap { place in
            let old = tallies[.old(place)] ?? UsageTally()
            return tallies[.all(place)].map { Row(versions: wanted[place], old: old, all: $0) }
        }
    }

    var answer: Answer {
        Answer(
            rows,
            [
                .text("package") { $0.versions.package }, .text("older_than") { $0.versions.text },
                .count("users", of: .users) { $0.old.users }, .count("jobs", of: .jobs) { $0.old.jobs },
                .count("processes", of: .processes) { $0.old.processes },
                .count("users_of_package") { $0.all.users },
                .number("share_percent") {
                    $0.all.users > 0 ? Double($0.old.users) / Double($0.all.users) * 100 : nil
                },
            ], measure: .users)
    }
}
