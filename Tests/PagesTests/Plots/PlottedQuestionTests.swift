import JSON
import Pages
import Plot
import Query
import Testing

@Suite struct PlottedQuestionTests {
    private typealias Row = [String: JSON]

    /// An answer with some columns.
    private func answer(_ rows: [Row], _ fields: [Field<Row>], measure: Column.Unit? = nil) -> Answer {
        Answer(rows, fields, measure: measure)
    }

    private static func count(_ name: String, of unit: Column.Unit? = nil) -> Field<Row> {
        .count(name, of: unit) { row in
            if case .integer(let count) = row[name] ?? .null { count } else { nil }
        }
    }

    private static func text(_ name: String) -> Field<Row> { .text(name) { $0[name].map { $0.plain } } }
    private static func month(_ name: String) -> Field<Row> { .month(name) { ($0[name] ?? .null).plain } }

    private static let users = count("users", of: .users)
    private static let jobs = count("jobs", of: .jobs)

    /// The titles of marks, and of the whole.
    private func titles(_ picture: Picture?) throws -> [String] {
        try #require(picture).inline.split(separator: "<title").map { part in
            String(part.drop { $0 != ">" }.dropFirst().prefix { $0 != "<" }).replacing("&#39;", with: "'")
        }.filter { !$0.isEmpty }
    }

    @Test("packages are bars by what they are sorted by, with links to their pages") func top() throws {
        let answer = answer(
            [
                ["package": .text("numpy"), "users": .integer(9_750), "jobs": .integer(12)],
                ["package": .text("<b>"), "users": .integer(3), "jobs": .integer(4)],
            ], [Self.text("package"), Self.users, Self.jobs], measure: .users)
        let setting = PlotSetting(id: "top", conditions: ["30 days", "without staff"]) { column, name in
            "/\(column)/\(name == "numpy" ? name : "other")"
        }
        let picture = try #require(PlottedQuestion.top.picture(of: answer, setting))
        #expect(picture.caption.title == "Packages by users")
        #expect(picture.caption.description == "30 days; without staff.")
        #expect(picture.hasLinks)
        #expect(picture.inline.contains("<a href=\"/package/numpy\"><title>numpy: 9,750 users, 12 jobs</title>"))
        #expect(picture.inline.contains("&lt;b&gt;: 3 users, 4 jobs"))
    }

    @Test("each question with a picture has a page, whose style sheet has its classes") func pages() {
        for question in PlottedQuestion.allCases { #expect(PageCommand(rawValue: question.rawValue) != nil) }
        #expect(PageStyle.sheet.contains(".plot .s1{fill:"))
    }

    @Test("long answers are cut, and the picture says so") func manyRows() throws {
        let rows = (0..<50).map { ["package": JSON.text("p\($0)"), "users": .integer(50 - Int64($0))] }
        let picture = PlottedQuestion.new.picture(of: answer(rows, [Self.text("package"), Self.users]))
        #expect(try #require(picture).caption.description == "The first 30 of 50 rows.")
        #expect(try titles(picture).count == 31)
    }

    @Test("an answer without numbers has no picture, and one without rows an empty one") func none() throws {
        let names = answer([["package": .text("numpy")]], [Self.text("package")])
        for question in PlottedQuestion.allCases where question != .package && question != .job {
            #expect(question.picture(of: names) == nil, "\(question)")
        }
        let empty = answer([], [Self.text("package"), Self.users])
        #expect(try #require(PlottedQuestion.top.picture(of: empty)).inline.contains("Nothing was counted."))
    }

    @Test("months without a row are zero, the month that is not over is marked") func trend() throws {
        let rows: [Row] = [
            ["package": .text("torch"), "month": .text("2026-08"), "users": .integer(5), "jobs": .integer(6)],
            ["package": .text("torch"), "month": .text("2026-11"), "users": .integer(7), "jobs": .integer(8)],
            ["package": .text("dask"), "month": .text("2026-09"), "users": .null, "jobs": .integer(9)],
        ]
        let answer = answer(
            rows, [Self.text("package"), Self.month("month"), Self.users, Self.jobs], measure: .jobs)
        let picture = PlottedQuestion.trend.picture(of: answer, PlotSetting(openMonth: "2026-11"))
        let titles = try titles(picture)
        #expect(titles.contains("Users of packages by month"))
        #expect(titles.contains("torch, 2026-08: 5 users, 6 jobs"))
        #expect(titles.contains("torch, 2026-09: no use"))
        // of dask's month the users are not known
        #expect(!titles.contains { $0.hasPrefix("dask, 2026-09") })
        #expect(try #require(picture).inline.contains("hollow"))
        #expect(try #require(picture).caption.description == "The last month is not over.")
        // what is not told is not zero
        let published = try self.titles(PlottedQuestion.trend.picture(of: answer, PlotSetting(isPublished: true)))
        #expect(!published.contains { $0.contains("no use") })
    }

    @Test("a year that is wrong does not make a picture of a thousand years") func wrongYear() throws {
        let rows: [Row] = ["0001-01", "2026-11", "x", "2026-13"].map {
            ["package": .text("torch"), "month": .text($0), "users": .integer(1)]
        }
        let picture = PlottedQuestion.trend.picture(
            of: answer(rows, [Self.text("package"), Self.month("month"), Self.users]))
        #expect(try #require(picture).inline.utf8.count < 60_000)
    }

    @Test("job sizes are in classes that double, and none is lost") func jobSizes() throws {
        let sizes: [(Int64?, Int64)] = [(nil, 4), (1, 100), (2, 20), (3, 5), (4, 6), (9, 1), (1_000, 2)]
        let rows: [Row] = sizes.map { ["nodes": .integer($0), "jobs": .integer($1)] }
        let answer = answer(rows, [Self.count("nodes", of: .nodes), Self.jobs], measure: .jobs)
        let titles = try titles(PlottedQuestion.jobsizes.picture(of: answer))
        #expect(titles.contains("1 node: 100 jobs"))
        #expect(titles.contains("3–4 nodes: 11 jobs"))
        #expect(titles.contains("5–8 nodes: 0 jobs"))
        #expect(titles.contains("513–1,024 nodes: 2 jobs"))
        #expect(titles.last == "number of nodes not told: 4 jobs")
    }

    private func pair(_ one: String, _ other: String, _ coefficient: Double) -> Row {
        ["a": .text(one), "b": .text(other), "pearson": .real(coefficient), "jobs": .integer(3)]
    }

    private static let pairs: [Field<Row>] = [
        text("a"), text("b"), .number("pearson") { ($0["pearson"] ?? .null).number }, jobs,
    ]

    @Test("pairs are cells, and bars if they have one package in common") func correlate() throws {
        let all = answer([pair("a", "b", 0.5), pair("b", "c", -0.25), pair("a", "c", 0)], Self.pairs)
        let cells = try #require(PlottedQuestion.correlate.picture(of: all))
        #expect(cells.inline.contains("<title>b with c: -0.250, 3 jobs with both</title>"))
        #expect(cells.inline.contains(">−.25</text>"))
        let ofOne = answer([pair("a", "b", 0.5), pair("a", "c", 0.25)], Self.pairs)
        let bars = try #require(PlottedQuestion.correlate.picture(of: ofOne))
        #expect(bars.caption.title == "Packages used in the same jobs as a")
    }

    @Test("names that only bytes tell apart are two") func exactNames() throws {
        let (composed, decomposed) = ("\u{E9}", "e\u{301}")
        let picture = PlottedQuestion.correlate.picture(
            of: answer(
                [pair(composed, decomposed, 0.5), pair("x", composed, 0.4), pair("x", decomposed, 0.3)], Self.pairs))
        #expect(try titles(picture).count == 4)
    }

    @Test("ends of processes are parts of a bar") func ended() throws {
        let ends = ["exit", "exception", "signal", "killed"]
        let answer = answer(
            [["package": .text("torch"), "exit": .integer(90), "exception": .integer(8), "killed": .integer(2)]],
            [Self.text("package")] + ends.map { Self.count($0, of: .processes) })
        let titles = try titles(PlottedQuestion.ended.picture(of: answer))
        #expect(titles.contains("torch: exit 90, exception 8, signal -, killed 2"))
    }

    @Test("messages are parts of what was received") func health() throws {
        let answer = Answer(facts: [
            "received": .integer(100), "stored": .integer(60), "merged": .integer(30), "duplicate": .integer(3),
            "rejected": .object(["bad_json": .integer(4), "too_long": .integer(1)]), "pending": .integer(2),
            "balanced": .bool(true),
        ])
        let picture = try #require(PlottedQuestion.health.picture(of: answer))
        #expect(picture.caption.description == "The parts add up to all that was received.")
        #expect(try titles(picture).contains("rejected: 5 messages: bad_json 4, too_long 1"))
        #expect(picture.inline.contains("received: 100 messages"))
    }

    @Test("a job's runs are bars over time, under their steps") func job() throws {
        func run(_ step: String, _ main: String, _ first: String, _ last: String, _ end: String) -> JSON {
            .object([
                "step_id": .text(step), "main": .text(main), "processes": .integer(4), "first_seen": .text(first),
                "last_seen": .text(last), "end": .text(end),
            ])
        }
        let answer = Answer(facts: [
            "job_id": .text("4242"), "state": .text("FAILED"), "start": .text("2026-11-21T04:00:00Z"),
            "end": .text("2026-11-21T06:00:00Z"),
            "runs": .array([
                run("0", "/home/u/train.py", "2026-11-21T04:10:00Z", "2026-11-21T05:00:00Z", "killed"),
                run("0", "-c", "2026-11-21T05:10:00Z", "not a time", "exit"),
            ]),
        ])
        let picture = try #require(PlottedQuestion.job.picture(of: answer))
        let titles = try titles(picture)
        #expect(titles.contains("job, by Slurm: FAILED, from 2026-11-21T04:00:00Z to 2026-11-21T06:00:00Z"))
        #expect(titles.contains("step 0: 2 runs"))
        #expect(picture.inline.contains(">4 × train.py</text>"))
        #expect(picture.inline.contains(">11-21 04:00</text>"))
        let empty = try #require(PlottedQuestion.job.picture(of: Answer(facts: ["runs": .array([])])))
        #expect(empty.inline.contains("No times are known."))
    }

    @Test("a package has its months") func package() throws {
        let answer = Answer(facts: [
            "package": .text("numpy"),
            "by_month": .array([
                .object(["month": .text("2026-10"), "users": .integer(3), "jobs": .integer(30)]),
                .object(["month": .text("2026-11"), "users": .integer(4), "jobs": .integer(40)]),
            ]),
        ])
        #expect(try titles(PlottedQuestion.package.picture(of: answer)).contains("2026-11: 4 users, 40 jobs"))
    }

    @Test("canaries and silent hosts") func canaries() throws {
        let fields: [Field<Row>] =
            [Self.text("run"), Self.text("submitted")]
            + ["expected", "received", "waiting", "lost"].map { Self.count($0, of: .records) }
        let answer = answer(
            [["run": .text("r"), "submitted": .text("2026-11-21T04:13:00Z"), "expected": .integer(10)]], fields)
        #expect(
            try titles(PlottedQuestion.canaries.picture(of: answer)).contains(
                "2026-11-21 04:13: expected 10, received -, waiting -, lost -; loss –"))
        let hosts = self.answer(
            [["host": .text("n1"), "silent_days": .integer(9), "records": .integer(4)]],
            [Self.text("host"), Self.count("silent_days"), Self.count("records", of: .records)])
        let picture = try #require(PlottedQuestion.hosts.picture(of: hosts))
        #expect(picture.caption.title == "Hosts by records")
        #expect(picture.inline.contains("url(#plot-rising)"))
    }
}
