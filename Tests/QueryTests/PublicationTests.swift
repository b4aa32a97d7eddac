import JSON
import Query
import Store
import Testing

@Suite struct PublicationTests {
    private struct Row {
        let name: String
        let users: Int64
        let jobs: Int64
    }

    private func answer(_ rows: [Row]) -> Answer {
        Answer(
            rows,
            [
                .text("name") { $0.name }, .count("users", of: .users) { $0.users },
                .count("jobs", of: .jobs) { $0.jobs },
            ])
    }

    private let filter: UsageFilter = {
        var filter = UsageFilter()
        filter.leastUsers = 5
        return filter
    }()

    /// The rows of an answer to a question about these rows.
    private func published(
        _ rows: [Row], _ filter: UsageFilter, parts: Publication.Parts = .overlapping, limit: Int? = nil,
        whole: [Row]? = nil
    ) throws(StoreError) -> [String] {
        try Publication.answer(filter, limit: limit, parts: parts) { (asked, limit) throws(StoreError) in
            let all = asked.selectsPart || whole == nil ? rows : whole ?? []
            return answer(all.filter { $0.users >= asked.leastUsers })
        }.rows.map { row in row.map { $0.plain }.joined(separator: " ") }
    }

    @Test("without --public an answer stays as it is") func other() throws {
        #expect(try published([Row(name: "a", users: 1, jobs: 3)], UsageFilter()) == ["a 1 3"])
    }

    @Test("numbers are multiples of five, or have two digits") func coarse() throws {
        let rows = [
            Row(name: "a", users: 9, jobs: 4), Row(name: "b", users: 123, jobs: 99),
            Row(name: "c", users: 5, jobs: 129), Row(name: "d", users: 10, jobs: 98_765),
        ]
        #expect(
            try published(rows, filter) == ["a 5 0", "b 120 95", "c 5 120", "d 10 98000"])
        #expect(try published(rows, filter, limit: 1) == ["a 5 0"])
    }

    @Test("hours of nodes, cores and GPUs are coarse, and not told of a part") func hours() throws {
        let totals = UsageTotals(users: 12, nodeSeconds: 444_444, coreSeconds: 4_444_444, gpuSeconds: 44_444)
        func hours(_ filter: UsageFilter) throws -> [JSON] {
            let answer = try Publication.answer(filter, limit: nil) { (asked, _) throws(StoreError) in
                // the whole has enough other users
                var totals = totals
                if !asked.selectsPart { totals.users += 10 }
                return Answer(
                    [totals],
                    [
                        .count("users", of: .users) { $0.users },
                        .number("node_hours", of: .nodeHours) { $0.nodeHours },
                        .number("core_hours", of: .coreHours) { $0.coreHours },
                        .number("gpu_hours", of: .gpuHours) { $0.gpuHours },
                    ])
            }
            return Array(try #require(answer.rows.first).dropFirst())
        }
        #expect(try hours(filter) == [.real(120), .real(1_200), .real(10)])
        var part = filter
        part.system = "cori"
        #expect(try hours(part) == [.null, .null, .null])
    }

    @Test("of the parts of a whole, the one that is left out is not the only one") func complement() throws {
        let rows = [
            Row(name: "a", users: 9, jobs: 10), Row(name: "b", users: 6, jobs: 10), Row(name: "c", users: 1, jobs: 10),
        ]
        #expect(try published(rows, filter, parts: .ofAll) == ["a 5 10"])
        #expect(try published(Array(rows.prefix(2)), filter, parts: .ofAll) == ["a 5 10", "b 5 10"])
        #expect(try published(rows, filter) == ["a 5 10", "b 5 10"])
        // each name is a whole of its own
        #expect(try published(rows, filter, parts: .of(column: "name")).count == 2)
    }

    @Test("a part is told if the rest is nothing, or of five people too, and then only its users") func narrow() throws
    {
        var part = filter
        part.account = "biology"
        let rows = [
            Row(name: "same", users: 6, jobs: 7), Row(name: "one more", users: 6, jobs: 7),
            Row(name: "more jobs", users: 6, jobs: 7), Row(name: "five more", users: 6, jobs: 7),
        ]
        let whole = [
            Row(name: "same", users: 6, jobs: 7), Row(name: "one more", users: 7, jobs: 8),
            Row(name: "more jobs", users: 6, jobs: 8), Row(name: "five more", users: 11, jobs: 12),
        ]
        #expect(
            try published(rows, part, whole: whole) == ["same 5 ", "five more 5 "])
    }
}
