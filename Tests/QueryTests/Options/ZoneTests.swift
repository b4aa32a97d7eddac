import Query
import Record
import Testing

/// Time zones, by the first moment of days on their clocks.
@Suite struct ZoneTests {
    private static func noon(_ year: Int, _ month: Int, _ day: Int) -> Int64 {
        Int64(Calendar.days(year: year, month: month, day: day)) * Calendar.microsecondsPerDay + 43_200_000_000
    }

    /// The offset of a zone's clocks in minutes, found by the moment at which a day begins.
    private func minutes(_ zone: Zone, _ noon: Int64) throws -> Int64 {
        let day = Calendar.day(ofMicroseconds: noon)
        let minute: Int64 = 60_000_000
        let midnight = Int64(day) * Calendar.microsecondsPerDay
        for offset in stride(from: Int64(-1_439), through: 1_439, by: 1) {
            let before = try Day("today", now: midnight - offset * minute - minute, zone: zone).number
            let after = try Day("today", now: midnight - offset * minute, zone: zone).number
            if before < day && after == day { return offset }
        }
        Issue.record("the day never begins")
        return 0
    }

    @Test(
        "an offset is the same at all times",
        arguments: [("UTC", 0), ("Z", 0), ("+00:00", 0), ("+05:30", 330), ("-08:00", -480), ("+23:59", 1_439)])
    func fixed(text: String, offset: Int64) throws {
        let zone = try Zone(text, database: "/nowhere")
        for month in [1, 7] { #expect(try minutes(zone, Self.noon(2026, month, 15)) == offset) }
    }

    @Test(
        "any other text is no time zone, and the error says what would be one",
        arguments: [
            "", "+1", "+01:60", "+24:00", "01:00", "+-1:00", "Mars/Base", "../../../etc/passwd", "Europe", "utc+1",
            "Europe/Ber lin", "/usr/share/zoneinfo/UTC",
        ])
    func malformed(text: String) {
        let error = #expect(throws: Zone.Malformed.self) { try Zone(text, database: "/") }
        #expect(error?.description == "'\(text)': write a time zone as Europe/Berlin, or as an offset such as +01:00")
    }

    @Test("without a database only offsets are known, and the error says so") func withoutDatabase() {
        let error = #expect(throws: Zone.Malformed.self) { try Zone("Europe/Berlin", database: "/nowhere") }
        #expect(error?.description.contains("tzdata") == true)
    }

    @Test("a file of the database has transitions, and a rule for the time after them") func file() throws {
        let berlin = try ZoneFolder(["Test/Berlin": ZoneFolder.berlin(rule: "CET-1CEST,M3.5.0,M10.5.0/3")])
        let zone = try Zone("Test/Berlin", database: berlin.path)
        // before the first transition, between the two, and by the rule after them
        for (year, month, day, offset) in [
            (1_960, 7, 1, 53), (2_020, 3, 28, 60), (2_020, 3, 30, 120), (2_020, 10, 24, 120), (2_020, 10, 26, 60),
            (2_026, 1, 1, 60), (2_026, 3, 28, 60), (2_026, 3, 30, 120), (2_026, 10, 24, 120), (2_026, 10, 26, 60),
            (2_047, 7, 1, 120),
        ] {
            #expect(try minutes(zone, Self.noon(year, month, day)) == offset, "\(year)-\(month)-\(day)")
        }
    }

    @Test(
        "rules have names in brackets, numbered days, and summers over the new year",
        arguments: [
            ("<+0530>-5:30", 330, 330), ("AEST-10AEDT,M10.1.0,M4.1.0/3", 660, 600),
            ("IST-1GMT0,M10.5.0,M3.5.0/1", 0, 60), ("XXX3YYY,J60,J300", -180, -120), ("XXX3YYY,59/0,299", -180, -120),
            // no rule: the last transition holds
            ("nonsense", 60, 60),
        ])
    func rules(rule: String, january: Int64, july: Int64) throws {
        let folder = try ZoneFolder(["Test/Zone": ZoneFolder.berlin(rule: rule)])
        let zone = try Zone("Test/Zone", database: folder.path)
        #expect(try minutes(zone, Self.noon(2_030, 1, 15)) == january)
        #expect(try minutes(zone, Self.noon(2_030, 7, 15)) == july)
    }

    @Test("a damaged file is no time zone") func damaged() throws {
        let whole = ZoneFolder.berlin(rule: "CET-1")
        var counts = whole
        counts[44 - 12] = 0x7F
        let files = ["Test/Cut": Array(whole.prefix(100)), "Test/Counts": counts, "Test/Text": Array("TZif".utf8)]
        let folder = try ZoneFolder(files)
        for name in files.keys { #expect(throws: Zone.Malformed.self) { try Zone(name, database: folder.path) } }
    }

    @Test("a time that clocks skip or show twice is within an hour of it") func changes() throws {
        let folder = try ZoneFolder(["Test/Berlin": ZoneFolder.berlin(rule: "CET-1CEST,M3.5.0,M10.5.0/3")])
        let zone = try Zone("Test/Berlin", database: folder.path)
        // the last Sunday of March and of October; 01:00 is the day before in UTC, where summer is two hours ahead
        for (time, day) in [
            ("2026-03-29T00:59:59", 28), ("2026-03-29T01:30:00", 29), ("2026-03-29T02:30:00", 29),
            ("2026-07-01T01:59:59", 30), ("2026-07-01T02:00:00", 1), ("2026-10-25T02:30:00", 25),
        ] {
            let number = try Day(time, now: 0, zone: zone).number
            #expect(Calendar.date(days: number).day == day, "\(time)")
        }
    }
}
