import JSON
import Query
import Record
import SampleRecords
import Store
import TestDatabases
import Testing

/// `customs who`, over the sample centre.
@Suite struct AffectedUsersTests {
    /// The rows of some processes in the plainest way, most processes first.
    ///
    /// - Parameters:
    ///   - versions: those that may be, in their order.
    ///   - has: whether a process has a version.
    private func rows(
        _ own: [SampleRecord], of plainly: Plainly, _ key: String, _ versions: [String],
        _ has: (SampleRecord, String) -> Bool
    ) -> [JSON] {
        let groups = Dictionary(grouping: own.filter { $0.user != nil }) { $0.user ?? "" }
        return mostFirst(groups.map { ($0.key, Int64($0.value.count)) }).map { name in
            let own = groups[name] ?? []
            let jobs = Set(own.compactMap { $0.job })
            let accounts = Set(jobs.compactMap { plainly.accounts[$0] }).sorted(by: bytesBefore)
            let programs = Dictionary(grouping: own) { $0[.main] ?? "" }.filter { !$0.key.isEmpty }
            let mostUsed = mostFirst(programs.map { ($0.key, Int64($0.value.count)) }).prefix(5)
            let seconds = jobs.reduce(0) { $0 + plainly.nodeSeconds($1) }
            let lists = [
                versions.filter { version in own.contains { has($0, version) } }, accounts, Array(mostUsed),
            ].map { JSON.array($0.map { .text($0) }) }
            let charged = (plainly.mapping?.properties ?? []).map { property in
                let values = Set(accounts.compactMap { plainly.mapping?.value(of: $0, property) })
                return JSON.Member("\(property)s", .array(values.sorted(by: bytesBefore).map { .text($0) }))
            }
            let members = [
                JSON.Member("username", .text(name)), JSON.Member("jobs", .integer(Int64(jobs.count))),
                JSON.Member("processes", .integer(Int64(own.count))),
                JSON.Member("last_seen", .day(own.map { Int64($0.dayNumber) }.max())), JSON.Member(key, lists[0]),
                JSON.Member("accounts", lists[1]), JSON.Member("programs", lists[2]),
                JSON.Member("node_hours", .real(Double(seconds) / 3_600)),
            ]
            return JSON.object(members + charged)
        }
    }

    @Test("users of a package", arguments: filters.indices, [nil, "1.10"])
    func ofPackage(filter: Int, olderThan: String?) throws {
        let plainly = Plainly(SampleCentre.processes, filters[filter])
        let versions = olderThan == nil ? ["", "1.9", "1.10", "2.0"] : ["1.9"]
        let own = plainly.using("numpy").filter { process in
            olderThan == nil || process.packages.contains(SampleRecord.Package("numpy", "1.9"))
        }
        let expected = rows(own, of: plainly, "versions", versions) { process, version in
            process.packages.contains(SampleRecord.Package("numpy", version))
        }
        for database in try SampleCentre.databases() {
            let answer = try AffectedUsers.ask(
                database.location.reader(), filters[filter], package: "numpy",
                olderThan: olderThan.flatMap { PackageVersion($0) }
            ).answer()
            #expect(answer.json.formatted == JSON.array(expected).formatted, "\(database.engine)")
        }
    }

    @Test("users of some versions of Python, and of some environments", arguments: filters.indices)
    func ofPython(filter: Int) throws {
        var filter = filters[filter]
        // without a package, direct imports mean nothing
        filter.onlyDirect = false
        if filter.prefix == nil, filter.python == nil { filter.python = VersionSpecifiers("<3.12") }
        let plainly = Plainly(SampleCentre.processes, filter)
        let expected = rows(plainly.processes, of: plainly, "pythons", ["3.10", "3.11", "3.12"]) { $0[.python] == $1 }
        for database in try SampleCentre.databases() {
            let answer = try AffectedUsers.ask(database.location.reader(), filter).answer()
            #expect(answer.json.formatted == JSON.array(expected).formatted, "\(database.engine)")
        }
    }

    @Test("each order has the largest first, and the same rows", arguments: AffectedUsers.Order.allCases)
    func orders(order: AffectedUsers.Order) throws {
        for database in try SampleCentre.databases() {
            let reader = try database.location.reader()
            let usual = try AffectedUsers.ask(reader, UsageFilter(), package: "numpy").rows
            let rows = try AffectedUsers.ask(reader, UsageFilter(), package: "numpy", by: order).rows
            #expect(Set(rows.map { $0.username }) == Set(usual.map { $0.username }) && rows.count > 5)
            let values: [Int64] = rows.map { row in
                switch order {
                case .processes: row.processes
                case .jobs: row.jobs
                case .nodeHours: row.nodeSeconds
                case .lastSeen: row.lastDay
                }
            }
            #expect(values == values.sorted(by: >) && Set(values).count > 1)
            let first = try AffectedUsers.ask(reader, UsageFilter(), package: "numpy", by: order, limit: 2).rows
            #expect(first == Array(rows.prefix(2)))
        }
    }

    @Test("a table has the beginnings of lists, and addresses beside the names") func table() throws {
        let reader = try SampleCentre.database(.sqlite).location.reader()
        let found = try AffectedUsers.ask(reader, UsageFilter(), package: "numpy")
        let addresses = MailAddresses(template: "{user}@example.org")
        let table = found.table(addresses: addresses)
        #expect(table.columns.map { $0.name }.prefix(2) == ["username", "email"])
        #expect(table.rows[0].first == .text(found.rows[0].username) && table.rows.count == found.rows.count)
        let programs = table.rows.compactMap { $0.last?.plain }
        #expect(programs.contains { $0.hasSuffix(" +1") } && programs.allSatisfy { $0.split(separator: " ").count < 3 })
        let answer = found.answer(addresses: addresses)
        #expect(answer.columns.last?.name == "email")
        #expect(answer.rows[0].last == .text("\(found.rows[0].username)@example.org"))
    }
}
