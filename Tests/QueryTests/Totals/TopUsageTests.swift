import JSON
import Query
import Record
import SampleRecords
import Store
import TestDatabases
import Testing

@Suite struct TopUsageTests {
    private func totals(_ plainly: Plainly, _ processes: [SampleRecord]) -> UsageTotals {
        UsageTotals(
            users: plainly.users(processes), jobs: plainly.jobs(processes), processes: Int64(processes.count),
            nodeSeconds: Set(processes.compactMap { $0.job }).reduce(0) { $0 + plainly.nodeSeconds($1) })
    }

    private func value(_ totals: UsageTotals, _ order: UsageOrder) -> Int64 {
        switch order {
        case .users: totals.users
        case .jobs: totals.jobs
        case .processes: totals.processes
        case .nodeHours: totals.nodeSeconds
        // Slurm has told nothing
        case .coreHours, .gpuHours: -1
        }
    }

    /// What a row of usage is about, by the record alone.
    private func unit(_ process: SampleRecord, _ dimension: UsageDimension) -> String? {
        switch dimension {
        case .package, .state: nil
        // of a job, whichever of its processes says it: all processes of the sample do
        case .account: process.job == nil ? nil : process[.account]
        case .project, .pi, .field, .department:
            process.job == nil
                ? nil
                : process[.account].flatMap { account in
                    dimension.accountProperty.flatMap { SampleCentre.mapping?.value(of: account, $0) }
                }
        case .partition: process.job == nil ? nil : process[.partition]
        case .qos: process.job == nil ? nil : process[.qos]
        case .nodes: process.job == nil ? nil : process.numNodes.map { String($0) }
        case .system: process[.system]
        case .subsystem: process[.subsystem]
        case .python: process[.python]
        case .environment: process[.prefix]
        case .user: process.user
        case .month: String(Calendar.text(day: process.dayNumber).prefix(7))
        }
    }

    @Test("the packages used most, by every order and filter", arguments: filters.indices, [false, true])
    func top(filter: Int, onlyDirect: Bool) throws {
        // an order with both of these, with neighbouring filters
        let orders = third(of: UsageOrder.allCases, turn: filter + (onlyDirect ? 1 : 0))
        var filter = filters[filter]
        filter.onlyDirect = onlyDirect
        let plainly = Plainly(SampleCentre.processes, filter)
        for order in orders {
            let all = plainly.packages.map { (name: $0, totals: totals(plainly, plainly.using($0))) }
            let names = mostFirst(all.map { (name: $0.name, count: value($0.totals, order)) })
            let answers = try SampleCentre.databases().map {
                try TopUsage.ask($0.location.reader(), filter, by: order)
            }
            for answer in answers {
                #expect(answer.rows.map { $0.key.text } == names, "by \(order)")
                for row in answer.rows { #expect(row.totals == all.first { $0.name == row.key.text }?.totals) }
            }
            #expect(answers[0].answer.json.formatted == answers[1].answer.json.formatted)
        }
    }

    @Test(
        "each dimension, by filters of all kinds",
        arguments: filters.indices.flatMap { filter in
            third(of: Array(UsageDimension.allCases.dropFirst()), turn: filter).map { ($0, filter) }
        })
    func dimensions(dimension: UsageDimension, filter: Int) throws {
        var filter = filters[filter]
        filter.mapping = SampleCentre.mapping
        let plainly = Plainly(SampleCentre.processes, filter)
        let processes = plainly.processes.filter { !filter.onlyDirect || !$0.packages.isEmpty }
        let groups = Dictionary(grouping: processes) { unit($0, dimension) }
        for database in try SampleCentre.databases() {
            let answer = try TopUsage.ask(database.location.reader(), filter, per: dimension, by: .processes)
            #expect(answer.rows.count == groups.count)
            for row in answer.rows {
                let key = row.key.text ?? row.key.integer.map { String($0) }
                #expect(row.totals == totals(plainly, groups[key] ?? []), "\(dimension) \(key ?? "-")")
            }
            #expect(answer.answer.columns.first?.name == dimension.rawValue)
        }
    }

    @Test("only usage of one package, per something else") func ofPackage() throws {
        let plainly = Plainly(SampleCentre.processes)
        let groups = Dictionary(grouping: plainly.using("torch")) { unit($0, .account) }
        for database in try SampleCentre.databases() {
            let rows = try TopUsage.ask(
                database.location.reader(), UsageFilter(), per: .account, package: "torch"
            ).rows
            #expect(rows.count == groups.count)
            for row in rows { #expect(row.totals == totals(plainly, groups[row.key.text] ?? [])) }
        }
    }

    @Test("users of several accounts count once in what these belong to") func charged() throws {
        #expect(SampleCentre.mapping != nil)
        for database in try SampleCentre.databases() {
            var filter = UsageFilter()
            filter.mapping = SampleCentre.mapping
            let reader = try database.location.reader()
            let accounts = try TopUsage.ask(reader, filter, per: .account).rows.filter { $0.key != .null }
            let fields = try TopUsage.ask(reader, filter, per: .field).rows
            #expect(Set(fields.map { $0.key }) == [.text("physics"), .text("biology"), .text("(unmapped)"), .null])
            let physics = try #require(fields.first { $0.key == .text("physics") }).totals
            let own = accounts.filter { [.text("m1"), .text("m2")].contains($0.key) }.map { $0.totals }
            #expect(own.reduce(0) { $0 + $1.users } > physics.users)
            #expect(own.reduce(0) { $0 + $1.jobs } == physics.jobs)
            #expect(own.reduce(0) { $0 + $1.nodeSeconds } == physics.nodeSeconds)
            // without a file none says anything
            filter.mapping = nil
            let without = try TopUsage.ask(reader, filter, per: .pi).rows
            #expect(Set(without.map { $0.key }) == [.text("(unmapped)"), .null])
        }
    }

    @Test("the limit cuts the list's end") func limit() throws {
        for database in try SampleCentre.databases() {
            let all = try TopUsage.ask(database.location.reader(), UsageFilter(), by: .processes)
            let three = try TopUsage.ask(database.location.reader(), UsageFilter(), by: .processes, limit: 3)
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
        let row = try #require(try TopUsage.ask(database.location.reader(), UsageFilter()).rows.first)
        #expect(row.totals.nodeSeconds == 3 * 7_200 && row.totals.nodeHours == 6)
        try database.connect().run(script: "UPDATE jobs SET elapsed_seconds = 3661, num_nodes = 2")
        let later = try #require(try TopUsage.ask(database.location.reader(), UsageFilter()).rows.first)
        #expect(later.totals.nodeSeconds == 7_322 && later.totals.nodeHours == 7_322.0 / 3_600)
    }

    @Test("CPUs and GPUs count where Slurm has told them", arguments: Database.allCases)
    func devices(engine: Database) throws {
        let database = try TestDatabase(engine)
        let samples = (1...3 as ClosedRange<UInt64>).map { id in
            SampleRecord(id: id).with {
                $0.time = SampleCentre.beginning
                $0[.jobID] = "\(id)"
                $0.packages = [.init(id == 3 ? "torch" : "numpy")]
            }
        }
        try SampleCentre.load(samples, into: database)
        try database.connect().run(
            script: """
                INSERT INTO job_states (name) VALUES ('FAILED');
                UPDATE jobs SET elapsed_seconds = 1800, alloc_cpus = 128, gpus = 4, state = 'FAILED'
                WHERE job_id = '1';
                UPDATE jobs SET elapsed_seconds = 60, alloc_cpus = 2 WHERE job_id = '2';
                """)
        let reader = try database.location.reader()
        let rows = try TopUsage.ask(reader, UsageFilter(), by: .coreHours).rows
        #expect(rows.map { $0.key } == [.text("numpy"), .text("torch")])
        #expect(rows.map { $0.totals.coreSeconds } == [128 * 1_800 + 120, nil])
        #expect(rows.map { $0.totals.gpuSeconds } == [4 * 1_800, nil])
        let states = try TopUsage.ask(reader, UsageFilter(), per: .state, by: .gpuHours).rows
        #expect(states.map { $0.key } == [.text("FAILED"), .null])
        #expect(states.map { $0.totals.gpuHours } == [2, nil])
        #expect(states.map { $0.totals.jobs } == [1, 2])
        let summary = try UsageSummary.ask(reader, UsageFilter(), now: SampleCentre.arrival)
        #expect(summary.now?.totals.gpuHours == 2)
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
        let row = try #require(try TopUsage.ask(database.location.reader(), UsageFilter()).rows.first)
        #expect(row.totals.processes == 3 && row.totals.nodeSeconds == 990)
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
            try TopUsage.ask(database.location.reader(), UsageFilter(), by: .nodeHours).rows.first)
        #expect(row.totals.jobs == 4 && row.totals.nodeSeconds == 31_622_400 * 1_000_000 + 0 + 3_600 + 0)
        // the definition of docs/questions.md
        let sum = try database.integer(
            """
            SELECT sum(t.seconds) FROM (
                SELECT COALESCE(num_nodes, 1) * ((max(last_seen) - min(started)) / 1000000) AS seconds
                FROM named_runs GROUP BY job, num_nodes) t
            """)
        #expect(sum == row.totals.nodeSeconds)
    }

    @Test("an empty store has no packages", arguments: Database.allCases) func empty(engine: Database) throws {
        let database = try TestDatabase(engine)
        try database.location.makeStore().migrate()
        let found = try TopUsage.ask(database.location.reader(), UsageFilter())
        #expect(found.rows.isEmpty && found.answer.json.formatted == "[]")
    }
}
