import Record

/// A month, by days counted from 1970-01-01 UTC.
public struct CalendarMonth: Sendable, Equatable {
    public let firstDay: Int
    /// The first day of the next month.
    public let nextDay: Int

    public init(containing day: Int) {
        let date = Calendar.date(days: day)
        firstDay = Calendar.days(year: date.year, month: date.month, day: 1)
        nextDay = firstDay + Calendar.length(ofMonth: date.month, year: date.year)
    }
}
