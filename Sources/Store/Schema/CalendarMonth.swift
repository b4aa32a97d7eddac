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

extension CalendarMonth {
    /// Years that a day of a run can be of.
    private static let years = 2_000..<2_150

    /// Fills the calendar by which questions by month read the same in all databases.
    static func fillTable(_ connection: any SQLConnection) throws(StoreError) {
        for year in years {
            let rows = (1...12).map { number in
                let month = CalendarMonth(containing: Calendar.days(year: year, month: number, day: 1))
                return "('\(Calendar.text(day: month.firstDay).prefix(7))', \(month.firstDay), \(month.nextDay))"
            }
            try connection.query(
                "INSERT INTO months (month, first_day, next_day) VALUES \(rows.joined(separator: ", "))")
        }
    }
}
