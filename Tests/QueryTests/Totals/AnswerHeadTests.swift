import JSON
import Query
import Record
import Store
import TestDatabases
import Testing

@Suite struct AnswerHeadTests {
    private static let end = "2026-01-10 to 2026-05-09"

    private func lines(
        _ engine: Database, withTotals: Bool = true, _ change: (inout UsageFilter) -> Void = { _ in }
    ) throws -> [[String]] {
        var filter = UsageFilter()
        filter.firstDay = Calendar.days(year: 2_026, month: 1, day: 10)
        filter.lastDay = Calendar.days(year: 2_026, month: 5, day: 9)
        change(&filter)
        let reader = try SampleCentre.database(engine).location.reader()
        return try AnswerHead.ask(reader, filter, withTotals: withTotals, now: SampleCentre.arrival).lines(
            filters: QuestionOption.described([.system: "a\u{1B}b", .compute: ""]) + [
                JSON.Member("older_than", .text("2.0"))
            ])
    }

    @Test("period, filters and staff, and the totals of the summary", arguments: Database.allCases)
    func whole(engine: Database) throws {
        let lines = try lines(engine)
        #expect(lines[0] == [Self.end, "without staff", "system a\u{FFFD}b", "compute", "older than 2.0"])
        var filter = UsageFilter()
        filter.lastDay = Calendar.days(year: 2_026, month: 5, day: 9)
        let reader = try SampleCentre.database(engine).location.reader()
        let totals = try #require(
            try UsageSummary.ask(reader, filter, now: SampleCentre.arrival).now?.totals)
        #expect(lines[1].prefix(2) == ["in all \(totals.users) users", "\(totals.jobs) jobs"])
        #expect(lines[1][2] == "\(totals.processes) processes" && lines[1][3].hasSuffix(" node hours"))
        #expect(lines.count == 2)
    }

    @Test("a period that runs on is marked, and one without totals has one line", arguments: Database.allCases)
    func marks(engine: Database) throws {
        let running = try lines(engine, withTotals: false) { $0.lastDay = nil }
        #expect(running.count == 1 && running[0].prefix(2) == ["2026-01-10 to 2026-07-29", "not over"])
        // totals would tell of those who are left out
        #expect(try lines(engine) { $0.leastUsers = 5 }.count == 1)
        #expect(try lines(engine) { $0.user = "user8" }[1][0] == "in all 1 user")
    }

    @Test("an empty store has neither period nor totals", arguments: Database.allCases)
    func empty(engine: Database) throws {
        let database = try TestDatabase(engine)
        try database.location.makeStore().migrate()
        let head = try AnswerHead.ask(
            database.location.reader(), UsageFilter(), withTotals: true, now: SampleCentre.arrival)
        #expect(head.lines(filters: QuestionOption.described([:])) == [["without staff"]])
    }
}
