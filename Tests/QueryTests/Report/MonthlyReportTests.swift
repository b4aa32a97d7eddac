import JSON
import Query
import Record
import SampleRecords
import Store
import TestDatabases
import Testing

@Suite struct MonthlyReportTests {
    private static let now = SampleCentre.arrival
    private static let today = Int(now / Calendar.microsecondsPerDay)

    private func filter(_ month: Int, _ change: (inout UsageFilter) -> Void = { _ in }) -> UsageFilter {
        var filter = UsageFilter()
        let days = CalendarMonth(containing: Calendar.days(year: 2_026, month: month, day: 1))
        (filter.firstDay, filter.lastDay) = (days.firstDay, days.lastDay)
        change(&filter)
        return filter
    }

    private func section(_ report: MonthlyReport, _ name: ReportSection.Name) throws -> ReportSection {
        try #require(report.sections.first { $0.name == name }, "\(name)")
    }

    @Test("each part is the answer to another question", arguments: Database.allCases, [2, 3, 4])
    func parts(engine: Database, month: Int) throws {
        let connection = try SampleCentre.database(engine).location.reader()
        let filter = filter(month)
        let report = try MonthlyReport.ask(connection, filter, now: Self.now)
        let summary = try UsageSummary.ask(connection, filter, against: .previous, now: Self.now)
        let told = summary.answer(filters: []).json
        for key in ["period", "totals", "against", "quality"] { #expect(report.answer.json[key] == told[key]) }
        func top(_ dimension: UsageDimension, _ order: UsageOrder) throws -> Answer {
            try TopUsage.ask(
                connection, filter, per: dimension, by: order, against: .previous, today: Self.today, limit: 20
            ).answer
        }
        #expect(try section(report, .packages).answer == top(.package, .users))
        #expect(try section(report, .systems).answer == top(.system, .users))
        #expect(try section(report, .accounts).answer == top(.account, .nodeHours))
        #expect(try section(report, .environments).answer == EnvironmentUsage.ask(connection, filter, limit: 20).answer)
        #expect(try section(report, .ends).answer == ProcessEnds.ask(connection, filter, limit: 20).answerOfProcesses)
        let states = try TopUsage.ask(connection, filter, per: .state, by: .jobs).answer
        #expect(try section(report, .jobStates).answer == states)
    }

    /// The users, jobs and processes of a row. Node hours of jobs without Slurm's times depend on the filter.
    private func totals(_ row: JSON) -> [JSON] { ["users", "jobs", "processes"].map { row[$0] } }

    private func totals(_ connection: any SQLConnection, _ filter: UsageFilter) throws -> [JSON] {
        totals(try UsageSummary.ask(connection, filter, now: Self.now).answer(filters: []).json["totals"])
    }

    @Test("GPUs, series of Python and kinds are the totals under a filter", arguments: Database.allCases)
    func filtered(engine: Database) throws {
        let connection = try SampleCentre.database(engine).location.reader()
        for month in [2, 3] {
            let report = try MonthlyReport.ask(connection, filter(month), now: Self.now)
            for row in try section(report, .devices).answer.json.elements {
                let hasGPUs = row["devices"] == .text("gpu")
                #expect(totals(row) == (try totals(connection, filter(month) { $0.hasGPUs = hasGPUs })))
            }
            let series = try section(report, .pythons).answer.json.elements
            #expect(series.map { $0["python"] } == [.text("3.12"), .text("3.11"), .text("3.10")])
            for row in series {
                let specifiers = VersionSpecifiers(row["python"].plain)
                #expect(totals(row) == (try totals(connection, filter(month) { $0.python = specifiers })))
            }
            // the sample has one version of each series
            let top = try TopUsage.ask(connection, filter(month), per: .python).answer.json.elements
            for row in top {
                let version = row["python"]
                #expect(series.first { $0["python"] == version }?["node_hours"] == row["node_hours"])
            }
            #expect(series[0]["end_of_life"] == .text("2028-10") && series[0]["ended"] == .bool(false))
            // /opt/pythonN is of no known kind, and user 7 is in a container
            let kinds = try section(report, .environmentKinds).answer.json.elements
            #expect(Set(kinds.map { $0["kind"].plain }).isSubset(of: ["other", "container"]))
            var processes: Int64 = 0
            for row in kinds { if case .integer(let count) = row["processes"] { processes += count } }
            #expect(.integer(processes) == report.answer.json["totals"]["processes"])
        }
    }

    @Test("old versions are those that 'who --older-than' lists", arguments: Database.allCases)
    func oldVersions(engine: Database) throws {
        let connection = try SampleCentre.database(engine).location.reader()
        var choices = MonthlyReport.Choices()
        choices.oldVersions = ["torch<2", "größe<1.10", "numpy<1.9", "unheard<2"].compactMap { OldVersions($0) }
        var filter = filter(3)
        filter.includesStaff = true
        let report = try MonthlyReport.ask(connection, filter, choices, now: Self.now)
        let rows = try section(report, .oldVersions).answer.json.elements
        #expect(rows.map { $0["package"] } == [.text("torch"), .text("größe"), .text("numpy")])
        for row in rows {
            let package = row["package"].plain
            let people = try AffectedUsers.ask(
                connection, filter, package: package, olderThan: PackageVersion(row["older_than"].plain))
            #expect(row["users"] == .integer(Int64(people.rows.count)))
            let all = try AffectedUsers.ask(connection, filter, package: package)
            #expect(row["users_of_package"] == .integer(Int64(all.rows.count)))
        }
        #expect(rows[0]["users"] != .integer(0))
    }

    @Test("old versions are a package, < and a version") func oldVersionTexts() {
        #expect(OldVersions("numpy<2.0rc1")?.package == "numpy")
        #expect(OldVersions("numpy<2.0rc1")?.text == "2.0rc1")
        for text in ["numpy", "<2", "numpy<", "numpy<new", "numpy<=2", "numpy<1<2", "numpy>2"] {
            #expect(OldVersions(text) == nil, "\(text)")
        }
        #expect(OldVersions.usual.count == 6)
    }

    @Test("both databases tell the same") func determinism() throws {
        for month in [1, 2, 5] {
            let reports = try SampleCentre.databases().map {
                try MonthlyReport.ask($0.location.reader(), filter(month), now: Self.now)
            }
            #expect(reports[0] == reports[1])
            #expect(reports[0].answer.text(as: .json) == reports[1].answer.text(as: .json))
        }
    }

    @Test("a report for publication has what its commands have, and no more", arguments: Database.allCases)
    func publication(engine: Database) throws {
        let database = try TestDatabase(engine)
        try SampleCentre.load(SampleCentre.processes, into: database)
        try database.connect().query("UPDATE runs SET flags = flags | 4")
        let connection = try database.location.reader()
        let filter = filter(3) {
            $0.leastUsers = 5
            $0.onlyVouched = true
        }
        let report = try MonthlyReport.ask(connection, filter, now: Self.now)
        #expect(report.sections.map { $0.name } == [.packages, .pythons, .environments, .ends])
        let packages = try Publication.answer(filter, limit: 20) { (filter, limit) throws(StoreError) in
            try TopUsage.ask(connection, filter, limit: limit).answer
        }
        #expect(try section(report, .packages).answer == packages)
        #expect(!packages.rows.isEmpty)
        #expect(report.sections.allSatisfy { $0.count == nil && !$0.caption.hasPrefix("All") })
        guard case .integer(let users) = report.answer.json["totals"]["users"] else {
            Issue.record("no totals")
            return
        }
        #expect(users >= 5 && users % 5 == 0)
        let text = report.answer.text(as: .json)
        for name in ["user1", "user2", "\"m1\"", "\"m2\"", "perlmutter"] { #expect(!text.contains(name), "\(name)") }
        // too few people
        let few = try MonthlyReport.ask(connection, self.filter(3) { $0.leastUsers = 100 }, now: Self.now)
        #expect(few.totals.isEmpty && few.answer.json["totals"] == .null)
        #expect(few.sections.allSatisfy { $0.answer.rows.isEmpty })
        #expect(few.notices.contains("Nothing may be told of this period."))
    }

    @Test("an empty store has an empty report", arguments: Database.allCases) func empty(engine: Database) throws {
        let database = try TestDatabase(engine)
        try database.location.makeStore().migrate()
        for leastUsers: Int64 in [0, 5] {
            let report = try MonthlyReport.ask(
                database.location.reader(), filter(3) { $0.leastUsers = leastUsers }, now: Self.now)
            #expect(report.isEmpty && report.sections.allSatisfy { $0.answer.rows.isEmpty })
            let any = try MonthlyReport.ask(database.location.reader(), UsageFilter(), now: Self.now)
            #expect(any.period == nil && any.notices == ["The store has no usage yet."])
        }
    }

    @Test("a month of which runs were pruned is marked", arguments: Database.allCases)
    func pruned(engine: Database) throws {
        let database = try TestDatabase(engine)
        try SampleCentre.load(SampleCentre.processes, into: database)
        let filter = filter(3)
        let whole = try MonthlyReport.ask(database.location.reader(), filter, now: Self.now)
        #expect(whole.notices.isEmpty && whole.period?.isComplete == true)
        try database.location.maintainer().query(
            """
            INSERT INTO pruned_usage (day, cluster, usr, stack, environment, size_class, flags, processes)
            VALUES (\(try #require(filter.firstDay)), 1, 1, 1, 1, 0, 0, 1)
            """)
        let cut = try MonthlyReport.ask(database.location.reader(), filter, now: Self.now)
        #expect(cut.notices.contains { $0.hasPrefix("Old runs of this period were deleted") })
        #expect(cut.answer.json["period"]["complete"] == .bool(false))
    }

    @Test("days without usage are told, today not among them", arguments: Database.allCases)
    func silentDays(engine: Database) throws {
        let database = try TestDatabase(engine)
        let days = [3, 4, 9].map { Calendar.days(year: 2_026, month: 3, day: $0) }
        let samples = days.enumerated().map { index, day in
            SampleRecord(id: UInt64(index)).with {
                $0.time = Int64(day) * Calendar.microsecondsPerDay
                $0.packages = [.init("numpy")]
            }
        }
        try SampleCentre.load(samples, into: database)
        let now = Int64(Calendar.days(year: 2_026, month: 3, day: 12)) * Calendar.microsecondsPerDay
        let report = try MonthlyReport.ask(database.location.reader(), filter(3), now: now)
        let silent = report.quality.silentDays.map { Calendar.text(day: $0) }
        #expect(
            silent == [
                "2026-03-01", "2026-03-02", "2026-03-05", "2026-03-06", "2026-03-07", "2026-03-08", "2026-03-10",
                "2026-03-11",
            ])
        #expect(report.qualityNotes.contains { $0.contains("2026-03-05 to 2026-03-08, 2026-03-10 to 2026-03-11") })
    }

    @Test("ends of life of release series") func endsOfLife() throws {
        let end = try #require(PythonReleases.end(ofSeries: "3.8"))
        #expect(end.text == "2024-10-07")
        #expect(!end.isOver(on: Calendar.days(year: 2_024, month: 10, day: 7)))
        #expect(end.isOver(on: Calendar.days(year: 2_024, month: 10, day: 8)))
        let month = try #require(PythonReleases.end(ofSeries: "3.11"))
        #expect(!month.isOver(on: Calendar.days(year: 2_027, month: 10, day: 31)))
        #expect(month.isOver(on: Calendar.days(year: 2_027, month: 11, day: 1)))
        #expect(PythonReleases.end(ofSeries: "4.0") == nil)
    }
}
