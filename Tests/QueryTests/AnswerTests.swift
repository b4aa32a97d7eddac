import JSON
import Query
import Record
import Store
import TestDatabases
import Testing

@Suite struct AnswerTests {
    private struct Row {
        let name: String?
        let users: Int64?
        let share: Double
    }

    private let rows = [Row(name: "numpy", users: 1_234, share: 0.5), Row(name: "a,\"b\"\n", users: nil, share: 2)]

    private let fields: [Field<Row>] = [
        .text("name", heading: "what") { $0.name }, .count("users", of: .users) { $0.users },
        .number("share") { $0.share },
    ]

    @Test("an answer about many things is a list in each form") func list() {
        let answer = Answer(rows, fields, measure: .users)
        #expect(answer.measure == 1)
        #expect(answer.columns.map { $0.name } == ["name", "users", "share"])
        #expect(
            answer.text(as: .jsonl) == """
                {"name":"numpy","users":1234,"share":0.5}
                {"name":"a,\\"b\\"\\n","users":null,"share":2.0}

                """)
        #expect(answer.text(as: .csv) == "what,users,share\nnumpy,1234,0.5\n\"a,\"\"b\"\"\n\",,2.0\n")
        #expect(
            Answer([rows[0]], fields).text(as: .json) == """
                [
                  {
                    "name": "numpy",
                    "users": 1234,
                    "share": 0.5
                  }
                ]

                """)
    }

    @Test("an empty list has its columns, and no line of JSON") func empty() {
        let answer = Answer([] as [Row], fields)
        #expect(answer.text(as: .json) == "[]\n" && answer.text(as: .jsonl) == "")
        #expect(answer.text(as: .csv) == "what,users,share\n")
    }

    @Test("an answer about one thing is an object; a table of it is its CSV") func object() {
        let answer = Answer([JSON.Member("total", .integer(2))], table: rows, fields)
        #expect(answer.text(as: .jsonl) == "{\"total\":2}\n")
        #expect(answer.rows.count == 2 && answer.measure == nil)
        #expect(answer.text(as: .csv).hasPrefix("what,users,share\nnumpy,"))
    }

    @Test("facts are an object, and in CSV one below the other") func facts() {
        let answer = Answer(facts: ["before": .text("2026-01-01"), "names": .array([.text("a"), .text("b")])])
        #expect(answer.text(as: .jsonl) == "{\"before\":\"2026-01-01\",\"names\":[\"a\",\"b\"]}\n")
        #expect(answer.text(as: .csv) == "what,value\nbefore,2026-01-01\nnames,a b\n")
    }

    @Test("each value is of its column's kind", arguments: Database.allCases) func kinds(engine: Database) throws {
        let reader = try SampleCentre.database(engine).location.reader()
        let all = UsageFilter()
        let package = try PackageReport.ask(reader, all, package: "numpy")
        let job = try #require(try JobReport.ask(reader, jobID: "1004").first)
        let answers = [
            try TopUsage.ask(reader, all).answer, try EnvironmentUsage.ask(reader, all).answer,
            try InterpreterUsage.ask(reader, all).answer, try StackUsage.ask(reader, all).answer,
            try PackageTrend.ask(reader, all, packages: ["numpy"]).answer,
            try VersionUsage.ask(reader, all, package: "numpy").answer, try NewPackages.ask(reader, all).answer,
            try ProcessEnds.ask(reader, all).answer, try AffectedUsers.ask(reader, all, package: "numpy").answer(),
            try PackageCorrelations.ask(reader, all).answer, try JobSizes.ask(reader, all).answer, package.answer,
            package.byMonth, package.bySize, package.usedWith, job.answer(),
            try UserReport.ask(reader, all, username: "user1").answer,
        ]
        for answer in answers {
            #expect(!answer.rows.isEmpty)
            for row in answer.rows {
                for (column, value) in zip(answer.columns, row) where value != .null {
                    #expect(isOf(column.kind, value), "\(column.name): \(value)")
                }
            }
        }
    }

    private func isOf(_ kind: Column.Kind, _ value: JSON) -> Bool {
        switch (kind, value) {
        case (.any, _), (.text, .text), (.count, .integer), (.number, .real), (.flag, .bool): true
        case (.list, .array), (.mapping, .object): true
        case (.time, .text(let text)): text.utf8.count >= 20 && text.hasSuffix("Z")
        case (.day, .text(let text)): text.utf8.count == 10
        case (.month, .text(let text)): text.utf8.count == 7
        default: false
        }
    }
}
