import Query
import Record
import Testing

@Suite struct QuestionOptionsTests {
    /// 2026-11-29T08:00:00Z
    private static let now: Int64 = 1_795_939_200_000_000
    private static let today = 20_786

    @Test(
        "a day is a date, a time, or days ago",
        arguments: [
            ("2026-11-29", today), ("1970-01-01", 0), ("1969-12-31", -1), ("2024-02-29", 19_782), ("0d", today),
            ("30d", today - 30), ("2026-11-29T00:00:00Z", today), ("2026-11-29T01:00:00+02:00", today - 1),
            ("2026-11-28T23:59:59.5", today - 1), ("today", today), ("yesterday", today - 1), ("0w", today),
            ("1w", today - 7),
        ])
    func day(text: String, number: Int) throws { #expect(try Day(text, now: Self.now).number == number) }

    @Test(
        "any other text is no day, and the error says what would be one",
        arguments: [
            "", "d", "-1d", "100000d", "2026-2-3", "2026-02-30", "2026-13-01", "2026-00-01", "tomorrow", "30 d", "w",
            "99999w",
        ])
    func malformed(text: String) {
        let error = #expect(throws: Day.Malformed.self) { try Day(text, now: Self.now) }
        #expect(error?.description.hasPrefix("'\(text)': write a date as 2026-11-21") == true)
    }

    private static let forms =
        "write a date as 2026-11-21, an RFC 3339 time, today, yesterday, or days or weeks ago as 30d or 4w"

    @Test("nothing given leaves out the staff and nothing else") func nothing() throws {
        let options = try QuestionOptions([:], now: Self.now)
        #expect(options == QuestionOptions() && options.filter == UsageFilter() && options.limit == nil)
        #expect(!options.filter.includesStaff)
    }

    @Test("each option sets what it is called after") func each() throws {
        let options = try QuestionOptions(
            [
                .since: "30d", .until: "2026-11-29", .system: "perlmutter", .account: "m1", .login: "",
                .includeStaff: "", .direct: "", .limit: "7", .subsystem: "gpu", .user: "alice",
                .partition: "long", .qos: "debug", .gpu: "", .python: "<3.9",
                .prefix: "/opt/conda/", .project: "p", .pi: "Curie", .field: "physics", .department: "d",
            ], now: Self.now)
        var filter = UsageFilter()
        filter.firstDay = Self.today - 30
        filter.lastDay = Self.today
        filter.system = "perlmutter"
        filter.account = "m1"
        filter.subsystem = "gpu"
        filter.partition = "long"
        filter.qos = "debug"
        filter.charged = [.project: "p", .pi: "Curie", .field: "physics", .department: "d"]
        filter.hasGPUs = true
        filter.user = "alice"
        filter.python = VersionSpecifiers("<3.9")
        filter.prefix = WildcardPattern("/opt/conda")
        filter.place = .login
        filter.includesStaff = true
        filter.onlyDirect = true
        #expect(options.filter == filter && options.limit == 7)
        #expect(try QuestionOptions([.compute: ""], now: Self.now).filter.place == .compute)
    }

    @Test(
        "a month is its first day to its last",
        arguments: [
            ("2024-02", 19_754, 19_782), ("this-month", today - 28, today + 1), ("last-month", today - 59, today - 29),
        ])
    func month(text: String, first: Int, last: Int) throws {
        let filter = try QuestionOptions([.month: text], now: Self.now).filter
        #expect(filter.firstDay == first && filter.lastDay == last)
    }

    @Test("a time zone says when today is, and moves a time without an offset") func zone() throws {
        // eight in the morning of the 29th is the 28th on clocks nine hours behind
        let moved: [QuestionOption: String] = [.since: "today", .until: "2026-11-28T20:00:00", .zone: "-09:00"]
        let behind = try QuestionOptions(moved, now: Self.now).filter
        #expect(behind.firstDay == Self.today - 1 && behind.lastDay == Self.today)
        let unmoved: [QuestionOption: String] = [.since: "2026-11-28", .until: "2026-11-28T20:00:00Z", .zone: "-09:00"]
        let dates = try QuestionOptions(unmoved, now: Self.now).filter
        #expect(dates.firstDay == Self.today - 1 && dates.lastDay == Self.today - 1)
        let ahead = try QuestionOptions([.month: "this-month", .zone: "+16:00"], now: Self.now + 86_400_000_000)
        #expect(ahead.filter.firstDay == Calendar.days(year: 2026, month: 12, day: 1))
    }

    @Test("an answer for publication is about whole months, vouched people and at least five of them")
    func publication() throws {
        var filter = UsageFilter()
        filter.leastUsers = 5
        filter.onlyVouched = true
        #expect(try QuestionOptions([.isPublic: ""], now: Self.now).filter == filter)
        #expect(try QuestionOptions([.isPublic: "", .minUsers: "1"], now: Self.now).filter == filter)
        filter.firstDay = Calendar.days(year: 2025, month: 2, day: 1)
        filter.lastDay = Calendar.days(year: 2025, month: 12, day: 31)
        filter.leastUsers = 7
        let written: [QuestionOption: String] = [
            .isPublic: "", .minUsers: "7", .since: "2025-02-17", .until: "2025-12-02",
        ]
        #expect(try QuestionOptions(written, now: Self.now).filter == filter)
    }

    @Test(
        "an option that cannot be used is named with what would be right",
        arguments: [
            ([.since: "x"], "--since 'x': \(forms)"), ([.until: ""], "--until '': \(forms)"),
            ([.month: "2026-13"], "--month '2026-13': write a month as 2026-10, this-month or last-month"),
            ([.month: "2026-10", .until: "0d"], "--month and --until: a month is a period already; give one of them"),
            ([.zone: "CET-1"], "--tz 'CET-1': write a time zone as Europe/Berlin, or as an offset such as +01:00"),
            ([.limit: "0"], "--limit 0: must be at least 1"), ([.limit: "ten"], "--limit 'ten': write a whole number"),
            ([.isPublic: "", .minUsers: "-1"], "--min-users -1: must be at least 1"),
            ([.minUsers: "3"], "--min-users: needs --public"),
            ([.isPublic: "", .includeStaff: ""], "--include-staff: --public never tells of the staff"),
            (
                [.python: "three"],
                "--python 'three': write a version as 3.11, or conditions as '<3.9', '>=3.10,<3.12' or '==3.11.*'"
            ), ([.prefix: ""], "--prefix '': write a path, with * for any text in it"),
            ([.isPublic: "", .user: "alice"], "--user: --public never tells of so small a part; leave it out"),
            ([.isPublic: "", .python: "3.11"], "--python: --public never tells of so small a part; leave it out"),
            ([.isPublic: "", .prefix: "/usr"], "--prefix: --public never tells of so small a part; leave it out"),
            ([.isPublic: "", .pi: "Curie"], "--pi: --public never tells of so small a part; leave it out"),
            ([.isPublic: "", .field: "physics"], "--field: --public never tells of so small a part; leave it out"),
            ([.gpu: "", .cpu: ""], "--gpu and --cpu: give one of them; without, both count"),
            ([.compute: "", .login: ""], "--compute and --login: give one of them; without, both count"),
        ] as [([QuestionOption: String], String)])
    func refused(written: [QuestionOption: String], why: String) {
        let error = #expect(throws: OptionError.self) { try QuestionOptions(written, now: Self.now) }
        #expect(error?.description == why)
    }
}
