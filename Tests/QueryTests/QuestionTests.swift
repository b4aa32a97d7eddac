import JSON
import Query
import Record
import SampleRecords
import Store
import TestDatabases
import Testing

/// The questions whose answer is one list, over the sample centre.
@Suite struct QuestionTests {
    /// Expects the same rows from both stores.
    private func expect(
        _ filter: Int, _ columns: [String], _ rows: [[JSON]], _ ask: (any SQLConnection, UsageFilter) throws -> JSON
    ) throws {
        let objects = rows.map { row in JSON.object(zip(columns, row).map { JSON.Member($0, $1) }) }
        for database in try SampleCentre.databases() {
            let answer = try ask(database.location.reader(), filters[filter])
            #expect(answer.formatted == JSON.array(objects).formatted, "\(database.engine)")
        }
    }

    private func plainly(_ filter: Int) -> Plainly { Plainly(SampleCentre.processes, filters[filter]) }

    private func date(_ processes: [SampleRecord]) -> JSON {
        .text(Calendar.text(day: processes.map { $0.dayNumber }.max() ?? 0))
    }

    private static let packages: [String?] = [nil, "numpy", "größe", "no such package"]

    @Test("job sizes", arguments: eachFilter(with: packages)) func jobSizes(filter: Int, package: String?) throws {
        let plainly = plainly(filter)
        let own = plainly.processes.filter { process in
            guard process.job != nil else { return false }
            if filters[filter].onlyDirect && process.packages.isEmpty { return false }
            return package.map { process.uses($0) } ?? true
        }
        let sizes = Dictionary(grouping: own) { $0.numNodes }
        let rows = sizes.sorted { $0.key ?? -1 < $1.key ?? -1 }.map { size, processes -> [JSON] in
            [.integer(size), .integer(plainly.jobs(processes))]
        }
        try expect(filter, ["nodes", "jobs"], rows) { try JobSizes.ask($0, $1, package: package).answer.json }
    }

    @Test("correlations", arguments: eachFilter(with: packages)) func correlations(filter: Int, package: String?) throws
    {
        let plainly = plainly(filter)
        let names = plainly.packages.filter { plainly.jobsUsing[$0] != nil }
        let pairs =
            package.map { package in
                names.contains(package) ? names.filter { $0 != package }.map { (package, $0) } : []
            } ?? names.flatMap { a in names.filter { bytesBefore(a, $0) }.map { (a, $0) } }
        var expected: [String: Double] = [:]
        for (a, b) in pairs { expected["\(a) \(b)"] = plainly.pearson(a, b) }
        var formatted: Set<String> = []
        for database in try SampleCentre.databases() {
            let found = try PackageCorrelations.ask(database.location.reader(), filters[filter], package: package)
            #expect(Set(found.rows.map { "\($0.a) \($0.b)" }) == Set(expected.keys))
            #expect(found.rows.count == expected.count)
            #expect(found.rows.map { $0.pearson } == found.rows.map { $0.pearson }.sorted(by: >))
            for row in found.rows {
                let both = (plainly.jobsUsing[row.a] ?? []).intersection(plainly.jobsUsing[row.b] ?? [])
                #expect(row.jobs == Int64(both.count))
                #expect(abs(row.pearson - (expected["\(row.a) \(row.b)"] ?? 9)) < 1e-9)
            }
            formatted.insert(found.answer.json.formatted)
        }
        #expect(formatted.count == 1)
    }

    @Test("the least coefficient and the limit cut the list's end") func leastCorrelation() throws {
        for database in try SampleCentre.databases() {
            let reader = try database.location.reader()
            let all = try PackageCorrelations.ask(reader, UsageFilter()).rows
            let some = try PackageCorrelations.ask(reader, UsageFilter(), least: 0.1).rows
            #expect(!some.isEmpty && some == all.filter { $0.pearson >= 0.1 } && some.count < all.count)
            #expect(try PackageCorrelations.ask(reader, UsageFilter(), limit: 3).rows == Array(all.prefix(3)))
        }
    }

    @Test("environments", arguments: filters.indices) func environments(filter: Int) throws {
        struct Key: Hashable { let prefix: String, isContainer: Bool }
        let plainly = plainly(filter)
        let groups = Dictionary(grouping: plainly.processes) {
            Key(prefix: $0[.prefix] ?? "", isContainer: $0[.container] != nil)
        }
        let kinds = EnvironmentKinds(["module": ["/opt/python1*"], "venv": ["*2"]])
        let rows = groups.map { key, own -> (String, Int64, Int64, String, Bool) in
            let known = ["/opt/python1": "module", "/opt/python2": "venv"]
            let kind = key.isContainer ? "container" : known[key.prefix] ?? "other"
            return (kind, plainly.users(own), plainly.jobs(own), key.prefix, key.isContainer)
        }.sorted { left, right in
            if left.1 != right.1 { return left.1 > right.1 }
            if left.2 != right.2 { return left.2 > right.2 }
            return left.3 == right.3 ? bytesBefore(left.0, right.0) : bytesBefore(left.3, right.3)
        }.map { row -> [JSON] in
            [.text(row.0), row.3.isEmpty ? .null : .text(row.3), .integer(row.1), .integer(row.2)]
        }
        try expect(filter, ["kind", "prefix", "users", "jobs"], rows) {
            try EnvironmentUsage.ask($0, $1, kinds: kinds).answer.json
        }
    }

    @Test("stacks", arguments: filters.indices) func stacks(filter: Int) throws {
        let plainly = plainly(filter)
        var groups: [Set<SampleRecord.Package>: [SampleRecord]] = [:]
        for process in plainly.processes where !process.packages.isEmpty {
            groups[Set(process.packages), default: []].append(process)
        }
        var formatted: Set<String> = []
        for database in try SampleCentre.databases() {
            let found = try StackUsage.ask(database.location.reader(), filters[filter])
            #expect(found.rows.count == groups.count)
            #expect(Set(found.rows.map { $0.stack }).count == groups.count)
            #expect(found.rows.map { $0.users } == found.rows.map { $0.users }.sorted(by: >))
            for row in found.rows {
                let own = groups[Set(row.packages.map { SampleRecord.Package($0.name, $0.version) })] ?? []
                #expect(row.users == plainly.users(own) && row.jobs == plainly.jobs(own) && !own.isEmpty)
                #expect(row.packages.map { $0.name } == row.packages.map { $0.name }.sorted(by: bytesBefore))
            }
            formatted.insert(found.answer.json.formatted)
            for limit in [0, 1, 2, 7] {
                let first = try StackUsage.ask(database.location.reader(), filters[filter], limit: limit)
                #expect(first.rows == Array(found.rows.prefix(limit)))
            }
        }
        #expect(formatted.count == 1)
    }

    @Test("trends", arguments: filters.indices) func trends(filter: Int) throws {
        let plainly = plainly(filter)
        let rows = ["torch", "numpy", "no such package"].flatMap { package in
            Dictionary(grouping: plainly.using(package)) { String(Calendar.text(day: $0.dayNumber).prefix(7)) }
                .sorted { $0.key < $1.key }.map { month, own -> [JSON] in
                    [.text(package), .text(month), .integer(plainly.users(own)), .integer(plainly.jobs(own))]
                }
        }
        try expect(filter, ["package", "month", "users", "jobs"], rows) {
            try PackageTrend.ask($0, $1, packages: ["torch", "numpy", "no such package"]).answer.json
        }
    }

    @Test("versions", arguments: eachFilter(with: [nil, "1.10", "1.9.9"]))
    func versions(filter: Int, olderThan: String?) throws {
        let plainly = plainly(filter)
        // the newest first, then a text that is not a version, then an unknown version
        let order = olderThan == nil ? ["2.0", "1.10", "1.9", "", nil] : ["1.9"]
        let rows = order.compactMap { version -> [JSON]? in
            let own = plainly.processes.filter { $0.packages.contains(SampleRecord.Package("scipy", version)) }
            return own.isEmpty
                ? nil : [.text(version), .integer(plainly.users(own)), .integer(plainly.jobs(own)), date(own)]
        }
        try expect(filter, ["version", "users", "jobs", "last_seen"], rows) {
            try VersionUsage.ask($0, $1, package: "scipy", olderThan: olderThan.flatMap { PackageVersion($0) }).answer
                .json
        }
    }

    @Test("new packages", arguments: filters.indices) func newPackages(filter: Int) throws {
        var before = filters[filter]
        before.firstDay = nil
        before.lastDay = filters[filter].firstDay.map { $0 - 1 }
        let old = filters[filter].firstDay == nil ? [] : Set(Plainly(SampleCentre.processes, before).packages)
        let plainly = plainly(filter)
        let rows = plainly.packages.filter { !old.contains($0) }.map { package in (package, plainly.using(package)) }
            .map { ($0, $1, $1.map { $0.dayNumber }.min() ?? 0) }
            .sorted { left, right in
                if left.2 != right.2 { return left.2 > right.2 }
                let (one, other) = (plainly.users(left.1), plainly.users(right.1))
                return one == other ? bytesBefore(left.0, right.0) : one > other
            }.map { package, own, first -> [JSON] in
                [
                    .text(package), .text(Calendar.text(day: first)), .integer(plainly.users(own)),
                    .integer(plainly.jobs(own)),
                ]
            }
        try expect(filter, ["package", "first_seen", "users", "jobs"], rows) { try NewPackages.ask($0, $1).answer.json }
    }

    @Test("a package that comes late is new", arguments: Database.allCases) func newest(engine: Database) throws {
        let database = try TestDatabase(engine)
        let samples = (0..<6 as Range<UInt64>).map { id in
            SampleRecord(id: id).with {
                $0.time = SampleCentre.beginning + Int64(id) * SampleCentre.day
                $0[.username] = "user\(id)"
                $0.packages = [.init("numpy")] + (id > 3 ? [.init("jax")] : [])
            }
        }
        try SampleCentre.load(samples, into: database)
        var filter = UsageFilter()
        filter.firstDay = Int(SampleCentre.beginning / SampleCentre.day) + 2
        let rows = try NewPackages.ask(database.location.reader(), filter).rows
        #expect(rows.map { $0.package } == ["jax"] && rows.map { $0.users } == [2])
        #expect(rows.map { Int($0.firstDay) } == [samples[4].dayNumber])
    }

    @Test("interpreters", arguments: filters.indices) func interpreters(filter: Int) throws {
        struct Key: Hashable { let python: String, implementation: String }
        let plainly = plainly(filter)
        let groups = Dictionary(grouping: plainly.processes) {
            Key(python: $0[.python] ?? "", implementation: $0[.implementation] ?? "")
        }
        let rows = groups.sorted { left, right in
            let (one, other) = (plainly.users(left.value), plainly.users(right.value))
            if one != other { return one > other }
            if left.value.count != right.value.count { return left.value.count > right.value.count }
            return left.key.python == right.key.python
                ? left.key.implementation < right.key.implementation : left.key.python < right.key.python
        }.map { key, own -> [JSON] in
            [
                .text(key.python), .text(key.implementation), .integer(plainly.users(own)),
                .integer(plainly.jobs(own)), .integer(Int64(own.count)),
            ]
        }
        try expect(filter, ["python", "implementation", "users", "jobs", "processes"], rows) {
            try InterpreterUsage.ask($0, $1).answer.json
        }
    }

    @Test("ends", arguments: eachFilter(with: packages)) func ends(filter: Int, package: String?) throws {
        let plainly = plainly(filter)
        let names = mostFirst(plainly.packages.map { ($0, Int64(plainly.using($0).count)) })
        let rows = names.filter { package == nil || $0 == package }.map { name -> [JSON] in
            let own = plainly.using(name)
            func count(_ end: ProcessEnd) -> JSON { .integer(Int64(own.filter { ($0.end ?? .exit) == end }.count)) }
            let ends = ([.exit, .exception, .signal, .killed] as [ProcessEnd]).map { count($0) }
            let parts = ends.map { JSON.real(100 * ($0.number ?? -1) / Double(own.count)) }
            let jobs = plainly.jobs(own)
            let failed = plainly.jobs(own.filter { ($0.end ?? .exit) != .exit })
            let killed = plainly.jobs(own.filter { $0.end == .killed })
            func part(_ count: Int64) -> JSON { jobs == 0 ? .null : .real(100 * Double(count) / Double(jobs)) }
            return [.text(name), .integer(Int64(own.count))] + ends + parts
                + [.integer(jobs), .integer(failed), .integer(killed), part(failed), part(killed)]
        }
        let ends = ["exit", "exception", "signal", "killed"]
        let ofJobs = ["jobs", "failed_jobs", "killed_jobs", "failed_jobs_percent", "killed_jobs_percent"]
        try expect(filter, ["package", "processes"] + ends + ends.map { "\($0)_percent" } + ofJobs, rows) {
            try ProcessEnds.ask($0, $1, package: package).answer.json
        }
    }
}
