import Query
import Record
import Store
import Testing

@Suite struct PeriodTests {
    private func day(_ year: Int, _ month: Int, _ day: Int) -> Int { Calendar.days(year: year, month: month, day: day) }

    private func before(_ first: Int, _ last: Int, today: Int) -> [Int] {
        let period = Period(first, last, today: today).before(today: today)
        return [period.first, period.last]
    }

    @Test("before a month comes the month before, whatever their lengths") func months() {
        let today = day(2_026, 11, 29)
        #expect(before(day(2_026, 3, 1), day(2_026, 3, 31), today: today) == [day(2_026, 2, 1), day(2_026, 2, 28)])
        #expect(before(day(2_026, 1, 1), day(2_026, 1, 31), today: today) == [day(2_025, 12, 1), day(2_025, 12, 31)])
        #expect(before(day(2_024, 3, 1), day(2_024, 3, 31), today: today) == [day(2_024, 2, 1), day(2_024, 2, 29)])
    }

    @Test("before a month that is not over come as many days of the month before") func running() {
        let wanted = [day(2_026, 10, 1), day(2_026, 10, 29)]
        #expect(before(day(2_026, 11, 1), day(2_026, 11, 29), today: day(2_026, 11, 29)) == wanted)
        #expect(before(day(2_026, 11, 1), day(2_026, 11, 30), today: day(2_026, 11, 29)) == wanted)
        // February has fewer days than have gone of March
        let short = before(day(2_026, 3, 1), day(2_026, 3, 30), today: day(2_026, 3, 30))
        #expect(short == [day(2_026, 2, 1), day(2_026, 2, 28)])
        #expect(!Period(day(2_026, 11, 1), day(2_026, 11, 29), today: day(2_026, 11, 29)).isOver)
    }

    @Test("before other days come as many days") func days() {
        let today = day(2_026, 11, 29)
        #expect(before(day(2_026, 3, 2), day(2_026, 3, 31), today: today) == [day(2_026, 1, 31), day(2_026, 3, 1)])
        #expect(before(day(2_026, 3, 1), day(2_026, 3, 30), today: today) == [day(2_026, 1, 30), day(2_026, 2, 28)])
        #expect(before(day(2_026, 10, 30), today, today: today) == [day(2_026, 9, 29), day(2_026, 10, 29)])
    }

    @Test("a period to compare with is the one before, or a month") func compared() {
        let now = Int64(day(2_026, 11, 29)) * Calendar.microsecondsPerDay
        let october = CalendarMonth(containing: day(2_026, 10, 9))
        #expect(ComparedPeriod("previous", now: now) == .previous)
        #expect(ComparedPeriod("2026-10", now: now) == .month(october))
        #expect(ComparedPeriod("last-month", now: now) == .month(october))
        for text in ["", "2026", "2026-13", "2026-00", "2026-1", "26-10", "2026-10-01", "next", "2026/10"] {
            #expect(ComparedPeriod(text, now: now) == nil, "\(text)")
        }
    }
}
