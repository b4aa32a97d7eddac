import JSON
import Query
import Record
import SampleRecords
import Store
import TestDatabases
import Testing

@Suite struct UserReportTests {
    @Test("every user, staff or not, by every filter", arguments: filters.indices) func users(filter: Int) throws {
        var withStaff = filters[filter]
        withStaff.includesStaff = true
        // the question names the person
        withStaff.user = nil
        let plainly = Plainly(SampleCentre.processes, withStaff)
        let readers = try SampleCentre.databases().map { try $0.location.reader() }
        let names = (0..<12).map { "user\($0)" }
        for name in third(of: names, turn: filter) + ["no such user"] {
            let own = plainly.processes.filter { $0.user == name }
            let answers = try readers.map { try UserReport.ask($0, filters[filter], username: name) }
            for answer in answers {
                #expect(answer.username == name && answer.jobs == plainly.jobs(own))
                #expect(answer.processes == Int64(own.count))
                #expect(answer.packages == ranked(own.flatMap { $0.packages.map { $0.name } }))
                #expect(answer.environments == ranked(own.compactMap { $0[.prefix] }))
            }
            #expect(answers[0].answer.json.formatted == answers[1].answer.json.formatted)
        }
    }

    /// Texts by how often they occur, most first.
    private func ranked(_ texts: [String]) -> [String] {
        mostFirst(Dictionary(grouping: texts) { $0 }.map { ($0.key, Int64($0.value.count)) })
    }

    @Test("the limit cuts both lists") func limit() throws {
        for database in try SampleCentre.databases() {
            let reader = try database.location.reader()
            let all = try UserReport.ask(reader, UsageFilter(), username: "user1")
            let two = try UserReport.ask(reader, UsageFilter(), username: "user1", limit: 2)
            #expect(all.packages.count > 2 && two.packages == Array(all.packages.prefix(2)))
            #expect(two.environments == Array(all.environments.prefix(2)))
        }
    }
}
