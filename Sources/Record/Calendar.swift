/// Days and times of the proleptic Gregorian calendar in UTC. It needs no library.
public enum Calendar {
    public static let microsecondsPerDay: Int64 = 86_400_000_000

    /// Days since 1970-01-01 of a date.
    ///
    /// The arithmetic counts years from March, so that the leap day ends them (Reingold and Dershowitz, *Calendrical
    /// Calculations*).
    public static func days(year: Int, month: Int, day: Int) -> Int {
        let shifted = month > 2 ? year : year - 1
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    /// The date of a day counted from 1970-01-01.
    public static func date(days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }

    /// The number of days in a month.
    public static func length(ofMonth month: Int, year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// The day, counted from 1970-01-01, of a time in microseconds.
    public static func day(ofMicroseconds time: Int64) -> Int32 {
        let quotient = time / microsecondsPerDay
        return Int32(clamping: time % microsecondsPerDay < 0 ? quotient - 1 : quotient)
    }

    /// A date as `2026-11-21`.
    public static func text(day: Int) -> String {
        let (year, month, day) = date(days: day)
        return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
    }

    /// A time in microseconds as RFC 3339 in UTC, `2026-11-21T04:13:00.000000Z`; without the fraction if it is zero.
    public static func text(microseconds time: Int64) -> String {
        let day = Int(day(ofMicroseconds: time))
        let remainder = time % microsecondsPerDay
        let rest = remainder < 0 ? remainder + microsecondsPerDay : remainder
        let seconds = Int(rest / 1_000_000)
        let fraction = Int(rest % 1_000_000)
        let clock = "\(padded(seconds / 3600, 2)):\(padded(seconds / 60 % 60, 2)):\(padded(seconds % 60, 2))"
        return "\(text(day: day))T\(clock)\(fraction == 0 ? "" : "." + padded(fraction, 6))Z"
    }

    /// A time in microseconds in UTC to the second, `2026-11-21 04:13:00`, for people.
    public static func second(microseconds time: Int64) -> String {
        String(text(microseconds: time).prefix(19)).replacing("T", with: " ")
    }

    private static func padded(_ value: Int, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
}
