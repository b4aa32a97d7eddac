import JSON
import Query
import Record
import SampleRecords
import Store
import TestDatabases
import Testing

@Suite struct TopPackagesTests {
    private struct Row: Equatable {
        let package: String
        let users: Int64
        let jobs: Int64
        let processes: Int64
        let nodeSeconds: Int64
    }

    private func expected(_ plainly: Plainly, by order: TopPackages.Order) -> [Row] {
        var rows: [String: Row] = [:]
        for package in plainly.packages {
            let using = plainly.using(package)
            rows[package] = Row(
                package: package, users: plainly.users(using), jobs: plainly.jobs(using), processes: Int64(using.count),
                nodeSeconds: Set(using.compactMap { $0.job }).reduce(0) { $0 + plainly.nodeSeconds($1) })
        }
        let counts = rows.values.map { row -> (name: String, count: Int64) in
            switch order {
            case .users: (row.package, row.users)
            case .jobs: (row.package, row.jobs)
            case .processes: (row.package, row.processes)
            case .nodeHours: (row.package, row.nodeSeconds)
            }
        }
        return mostFirst(counts).compactMap { rows[$0] }
    }

    private func rows(_ answer: TopPackages) -> [Row] {
        answer.rows.map {
            Row(
                package: $0.package, users: $0.users, jobs: $0.jobs, processes: $0.processes,
                nodeSeconds: $0.nodeSeconds)
        }
    }

    @Test("the packages used most, by every order and filter", arguments: filters.indices, [false, true])
    func top(filter: Int, onlyDirect: Bool) throws {
        var filter = filters[filter]
        filter.onlyDirect = onlyDirect
        let plainly = Plainly(SampleCentre.processes, filter)
        for order in TopPackages.Order.allCases {
            let expected = expected(plainly, by: order)
            let answers = try SampleCentre.databases().map {
                try TopPackages.ask($0.location.reader(), filter, by: order)
            }
            for answer in answers { #expect(rows(answer) == expected, "by \(order)") }
            #expect(answers[0].answer.json.formatted == answers[1].answer.json.formatted)
        }
    }

    @Test("the limit cuts the list's end") func limit() throws {
        for database in try SampleCentre.databases() {
            let all = try TopPackages.ask(database.location.reader(), UsageFilter(), by: .processes)
            let three = try TopPackages.ask(database.location.reader(), UsageFilter(), by: .processes, limit: 3)
            #expect(all.rows.count == 8)
            #expect(three.rows == Array(all.rows.prefix(3)))
        }
    }

    @Test("Slurm's elapsed time counts where it is known", arguments: Database.allCases)
    func slurmTime(engine: Database) throws {
        let database = try TestDatabase(engine)
        let sample = SampleRecord(id: 1).with {
            $0.time = SampleCentre.beginning
            $0.elapsed = 7_200
            $0[.jobID] = "1"
            $0.numNodes = 3
            $0.packages = [.init("numpy")]
        }
        try SampleCentre.load([sample], into: database)
        let row = try #require(try TopPackages.ask(database.location.reader(), UsageFilter()).rows.first)
        #expect(row.nodeSeconds == 3 * 7_200 && row.nodeHours == 6)
        try database.connect().run(script: "UPDATE jobs SET elapsed_seconds = 3661, num_nodes = 2")
        let later = try #require(try TopPackages.ask(database.location.reader(), UsageFilter()).rows.first)
        #expect(later.nodeSeconds == 7_322 && later.nodeHours == 7_322.0 / 3_600)
    }

    @Test("a job lasts from its first process' start, whichever of them ends first", arguments: Database.allCases)
    func workers(engine: Database) throws {
        let database = try TestDatabase(engine)
        let samples = [(100, 20), (1_000, 990), (500, 1)].enumerated().map { index, times in
            SampleRecord(id: UInt64(index)).with {
                $0.time = SampleCentre.beginning + Int64(times.0) * 1_000_000
                $0.elapsed = Double(times.1)
                $0[.jobID] = "1"
                $0.packages = [.init("numpy")]
            }
        }
        try SampleCentre.load(samples, into: database)
        let row = try #require(try TopPackages.ask(database.location.reader(), UsageFilter()).rows.first)
        #expect(row.processes == 3 && row.nodeSeconds == 990)
    }

    /// Anyone can send a record that claims the largest accepted value, or more.
    @Test("claims count up to the largest accepted value, and none beyond it", arguments: Database.allCases)
    func immeasurable(engine: Database) throws {
        let database = try TestDatabase(engine)
        let claims =
            [
                (31_622_400, 1_000_000), (31_622_401, 1_000_000), (3_600, Int64(Int32.max)), (1e12, Int64(Int32.max)),
            ] as [(Double, Int64)]
        let samples = claims.enumerated().map { index, claim in
            SampleRecord(id: UInt64(index)).with {
                $0.time = SampleCentre.beginning
                $0.elapsed = claim.0
                $0[.jobID] = "\(index)"
                $0.numNodes = claim.1
                $0.packages = [.init("numpy")]
            }
        }
        try SampleCentre.load(samples, into: database)
        let row = try #require(
            try TopPackages.ask(database.location.reader(), UsageFilter(), by: .nodeHours).rows.first)
        #expect(row.jobs == 4 && row.nodeSeconds == 31_622_400 * 1_000_000 + 0 + 3_600 + 0)
        // the definition of docs/questions.md
        let sum = try database.integer(
            """
            SELECT sum(t.seconds) FROM (
                SELECT COALESCE(num_nodes, 1) * ((max(last_seen) - min(started)) / 1000000) AS seconds
                FROM named_runs GROUP BY job, num_nodes) t
            """)
        #expect(sum == row.nodeSeconds)
    }

    @Test("an empty store has no packages", arguments: Database.allCases) func empty(engine: Database) throws {
        let database = try TestDatabase(engine)
        try database.location.makeStore().migrate()
        let found = try TopPackages.ask(database.location.reader(), UsageFilter())
        #expect(found.rows.isEmpty && found.answer.json.formatted == "[]")
    }
}
