import Query
import Record
import SampleRecords
import Store
import TestDatabases
import Testing

/// The questions whose answer is one list, over the sample centre.
@Suite struct QuestionTests {
    /// The same answer from both stores, which is the rows that are expected.
    private func expect(
        _ filter: Int, _ columns: [String], _ rows: [[JSON]], _ ask: (any SQLConnection, UsageFilter) throws -> JSON
    ) throws {
        let objects = rows.map { row in JSON.object(zip(columns, row).map { JSON.Member($0, $1) }) }
        for database in try SampleCentre.databases() {
            let answer = try ask(database.location.reader(), filters[filter])
            #expect(answer.formatted == JSON.array(objects).formatted, "\(database.dialect)")
        }
    }

    private func plainly(_ filter: Int) -> Plainly { Plainly(SampleCentre.processes, filters[filter]) }

    private func date(_ processes: [SampleRecord]) -> JSON {
        .text(Calendar.text(day: processes.map { $0.dayNumber }.max() ?? 0))
    }

    private static let packages: [String?] = [nil, "numpy", "größe", "no such package"]

    @Test("job sizes", arguments: filters.indices, packages) func jobSizes(filter: Int, package: String?) throws {
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
        try expect(filter, ["nodes", "jobs"], rows) { try JobSizes.ask($0, $1, package: package).json }
    }

    @Test("correlations", arguments: filters.indices, packages) func correlations(filter: Int, package: String?) throws
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
            let answer = try PackageCorrelations.ask(database.location.reader(), filters[filter], package: package)
            #expect(Set(answer.rows.map { "\($0.a) \($0.b)" }) == Set(expected.keys))
            #expect(answer.rows.count == expected.count)
            #expect(answer.rows.map { $0.pearson } == answer.rows.map { $0.pearson }.sorted(by: >))
            for row in answer.rows {
                let both = (plainly.jobsUsing[row.a] ?? []).intersection(plainly.jobsUsing[row.b] ?? [])
                #expect(row.jobs == Int64(both.count))
                #expect(abs(row.pearson - (expected["\(row.a) \(row.b)"] ?? 9)) < 1e-9)
            }
            formatted.insert(answer.json.formatted)
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
            try EnvironmentUsage.ask($0, $1, kinds: kinds).json
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
            let answer = try StackUsage.ask(database.location.reader(), filters[filter])
            #expect(answer.rows.count == groups.count)
            #expect(Set(answer.rows.map { $0.stack }).count == groups.count)
            #expect(answer.rows.map { $0.users } == answer.rows.map { $0.users }.sorted(by: >))
            for row in answer.rows {
                let own = groups[Set(row.packages.map { SampleRecord.Package($0.name, $0.version) })] ?? []
                #expect(row.users == plainly.users(own) && row.jobs == plainly.jobs(own) && !own.isEmpty)
                #expect(row.packages.map { $0.name } == row.packages.map { $0.name }.sorted(by: bytesBefore))
            }
            formatted.insert(answer.json.formatted)
        }
        #expect(formatted.count == 1)
    }
}
