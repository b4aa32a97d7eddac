import JSON
import Query
import Record
import SampleRecords
import Store
import TestDatabases
import Testing

@Suite struct PackageReportTests {
    @Test(
        "all that is told of a package, by every filter",
        arguments: eachFilter(with: ["numpy", "größe", "Zebra", "dask"]))
    func report(filter: Int, package: String) throws {
        let plainly = Plainly(SampleCentre.processes, filters[filter])
        let answers = try SampleCentre.databases().map {
            try PackageReport.ask($0.location.reader(), filters[filter], package: package)
        }
        check(answers[0], plainly, package)
        #expect(answers[0] == answers[1])
        #expect(answers[0].answer.json.formatted == answers[1].answer.json.formatted)
    }

    private func check(_ report: PackageReport, _ plainly: Plainly, _ package: String) {
        let using = plainly.using(package)
        #expect(report.package == package)
        #expect(report.users == plainly.users(using) && report.jobs == plainly.jobs(using))
        #expect(report.processes == Int64(using.count))
        #expect(report.firstSeen == using.compactMap { $0.time }.min())
        #expect(report.lastSeen == using.compactMap { $0.time }.max())
        checkVersions(report, plainly, package)
        let months = Dictionary(grouping: using) { String(Calendar.text(day: $0.dayNumber).prefix(7)) }
        #expect(report.months.map { $0.month } == months.keys.sorted())
        for month in report.months {
            let own = months[month.month] ?? []
            #expect(month.users == plainly.users(own) && month.jobs == plainly.jobs(own), "\(month.month)")
        }
        let sizes = Dictionary(grouping: using.filter { $0.job != nil }) { $0.numNodes }
        #expect(report.jobSizes.map { $0.nodes } == sizes.keys.sorted { ($0 ?? -1) < ($1 ?? -1) })
        for size in report.jobSizes { #expect(size.jobs == plainly.jobs(sizes[size.nodes] ?? [])) }
        checkCompanions(report, plainly, package)
    }

    private func checkCompanions(_ report: PackageReport, _ plainly: Plainly, _ package: String) {
        let jobsWith = plainly.jobsUsing[package] ?? []
        var shared: [String: Int64] = [:]
        for other in plainly.packages where other != package {
            let both = jobsWith.intersection(plainly.jobsUsing[other] ?? []).count
            if both > 0 { shared[other] = Int64(both) }
        }
        let companions = mostFirst(shared.map { ($0.key, $0.value) })
        #expect(report.companions.map { $0.package } == companions)
        #expect(report.companions.map { $0.jobs } == companions.map { shared[$0] })
        for companion in report.companions {
            let expected = plainly.pearson(package, companion.package)
            switch (companion.pearson, expected) {
            case (let found?, let expected?): #expect(abs(found - expected) < 1e-9, "\(companion.package)")
            default: #expect(companion.pearson == nil && expected == nil, "\(companion.package)")
            }
        }
    }

    private func checkVersions(_ report: PackageReport, _ plainly: Plainly, _ package: String) {
        var groups: [String?: [SampleRecord]] = [:]
        for process in plainly.processes {
            for use in process.packages where use.name == package { groups[use.version, default: []].append(process) }
        }
        // the largest first; equal ones by their text, and an unknown one after an empty one
        let sorted = groups.keys.sorted { left, right in
            let (one, other) = (groups[left] ?? [], groups[right] ?? [])
            if plainly.users(one) != plainly.users(other) { return plainly.users(one) > plainly.users(other) }
            if plainly.jobs(one) != plainly.jobs(other) { return plainly.jobs(one) > plainly.jobs(other) }
            return left ?? "" == right ?? "" ? left != nil : bytesBefore(left ?? "", right ?? "")
        }
        #expect(report.versions.map { $0.version } == sorted)
        for version in report.versions {
            let own = groups[version.version] ?? []
            #expect(version.users == plainly.users(own) && version.jobs == plainly.jobs(own))
        }
    }

    @Test("a package without users has no times and no other packages beside it") func unknown() throws {
        for database in try SampleCentre.databases() {
            let report = try PackageReport.ask(database.location.reader(), UsageFilter(), package: "no such package")
            #expect(
                report.answer.json.formatted == """
                    {
                      "package": "no such package",
                      "users": 0,
                      "jobs": 0,
                      "processes": 0,
                      "first_seen": null,
                      "last_seen": null,
                      "versions": [],
                      "by_month": [],
                      "job_sizes": [],
                      "used_with": []
                    }
                    """)
        }
    }

    @Test("the limit cuts the companions' end") func limit() throws {
        for database in try SampleCentre.databases() {
            let reader = try database.location.reader()
            let all = try PackageReport.ask(reader, UsageFilter(), package: "numpy")
            let two = try PackageReport.ask(reader, UsageFilter(), package: "numpy", companionLimit: 2)
            #expect(all.companions.count == 7 && two.companions == Array(all.companions.prefix(2)))
        }
    }

    /// Versions and sizes that are equal but for being unknown stand in the same order in every store.
    @Test(
        "what is empty comes before or after what is unknown, always in the same way", arguments: Database.allCases)
    func ties(engine: Database) throws {
        for isTurned in [false, true] {
            let database = try TestDatabase(engine)
            let samples = [nil, ""].enumerated().map { index, version in
                SampleRecord(id: UInt64(index)).with {
                    $0.time = SampleCentre.beginning
                    $0[.username] = "user\(index)"
                    $0[.jobID] = "\(index)"
                    $0.numNodes = version == nil ? nil : 0
                    $0.packages = [.init("numpy", version)]
                }
            }
            try SampleCentre.load(isTurned ? samples.reversed() : samples, into: database)
            let report = try PackageReport.ask(database.location.reader(), UsageFilter(), package: "numpy")
            #expect(report.versions.map { $0.version } == ["", nil])
            #expect(report.jobSizes.map { $0.nodes } == [nil, 0])
        }
    }

    @Test("packages that are used together by chance correlate to zero, written 0.0", arguments: Database.allCases)
    func noCorrelation(engine: Database) throws {
        let database = try TestDatabase(engine)
        // 150 of 300 jobs use each, and 75 both
        let samples = (0..<300 as Range<UInt64>).map { id in
            SampleRecord(id: id).with {
                $0.time = SampleCentre.beginning
                $0[.jobID] = "\(id)"
                $0.packages = (id < 150 ? [.init("a")] : []) + (id >= 75 && id < 225 ? [.init("b")] : [])
            }
        }
        try SampleCentre.load(samples, into: database)
        let report = try PackageReport.ask(database.location.reader(), UsageFilter(), package: "a")
        #expect(report.companions.map { $0.jobs } == [75])
        #expect(report.answer.json.formatted.contains("\"pearson\": 0.0\n"))
    }
}
