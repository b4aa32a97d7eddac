import Record
import Testing

@Suite struct CalendarTests {
    @Test("every day from 1970 to 2150 round trips, against a calendar that counts one day at a time")
    func everyDay() {
        var year = 1970
        var month = 1
        var day = 1
        var wrong: [String] = []
        var number = 0
        while year <= 2150 {
            let text = "\(year)-\(month < 10 ? "0" : "")\(month)-\(day < 10 ? "0" : "")\(day)"
            if Calendar.days(year: year, month: month, day: day) != number { wrong.append("days of \(text)") }
            if Calendar.date(days: number) != (year, month, day) { wrong.append("date of \(number)") }
            if Calendar.text(day: number) != text { wrong.append("text of \(number)") }
            if Calendar.day(ofMicroseconds: Int64(number) * 86_400_000_000) != Int32(number) {
                wrong.append("midnight of \(text)")
            }
            if Calendar.day(ofMicroseconds: Int64(number + 1) * 86_400_000_000 - 1) != Int32(number) {
                wrong.append("last microsecond of \(text)")
            }
            number += 1
            day += 1
            if day > daysIn(month, year) {
                day = 1
                month += 1
            }
            if month > 12 {
                month = 1
                year += 1
            }
        }
        #expect(wrong == [])
        // 181 years with 44 leap years; 2100 is not one
        #expect(number == 181 * 365 + 44)
    }

    private func daysIn(_ month: Int, _ year: Int) -> Int {
        let isLeap = year % 400 == 0 || (year % 4 == 0 && year % 100 != 0)
        return [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
    }

    @Test(
        "the length of February",
        arguments: [(1900, 28), (1996, 29), (1999, 28), (2000, 29), (2024, 29), (2026, 28), (2100, 28), (2400, 29)])
    func february(year: Int, days: Int) { #expect(Calendar.length(ofMonth: 2, year: year) == days) }

    @Test("the lengths of the months add up to the year") func months() {
        for year in [1999, 2000, 2026, 2100] {
            let lengths = (1...12).map { Calendar.length(ofMonth: $0, year: year) }
            let expected = Calendar.days(year: year + 1, month: 1, day: 1) - Calendar.days(year: year, month: 1, day: 1)
            #expect(lengths.reduce(0, +) == expected)
        }
    }

    @Test("days before 1970 and far away")
    func farAway() {
        #expect(Calendar.days(year: 1969, month: 12, day: 31) == -1)
        #expect(Calendar.days(year: 0, month: 3, day: 1) == -719_468)
        for days in [-1, -25_567, -719_468, -719_469, -1_000_000, 1_000_000] {
            let (year, month, day) = Calendar.date(days: days)
            #expect(Calendar.days(year: year, month: month, day: day) == days)
        }
    }

    @Test(
        "the text of a time",
        arguments: [
            (0, "1970-01-01T00:00:00Z"), (1, "1970-01-01T00:00:00.000001Z"),
            (1_795_234_380_000_000, "2026-11-21T04:13:00Z"),
            (1_795_234_380_120_000, "2026-11-21T04:13:00.120000Z"),
            (951_827_696_789_000, "2000-02-29T12:34:56.789000Z"),
            (-1, "1969-12-31T23:59:59.999999Z"), (-86_400_000_000, "1969-12-31T00:00:00Z"),
            (-86_400_000_001, "1969-12-30T23:59:59.999999Z"),
            (Int64.max, "294247-01-10T04:00:54.775807Z"), (Int64.min, "-290308-12-21T19:59:05.224192Z"),
        ] as [(Int64, String)])
    func text(time: Int64, text: String) { #expect(Calendar.text(microseconds: time) == text) }
}
