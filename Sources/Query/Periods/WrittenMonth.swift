import Record
import Store

/// A month as a person writes it.
extension CalendarMonth {
    /// A text that says no month.
    public struct Malformed: Error, CustomStringConvertible {
        let text: String

        public var description: String { "'\(text)': write a month as 2026-10, this-month or last-month" }
    }

    /// - Parameters:
    ///   - text: `2026-10`, `this-month` or `last-month`.
    ///   - now: microseconds since 1970 UTC.
    ///   - zone: the time zone in which `this-month` and `last-month` are meant.
    public init(_ text: String, now: Int64, zone: Zone = .utc) throws(Malformed) {
        let current = CalendarMonth(containing: zone.day(at: now))
        if text == "this-month" {
            self = current
        } else if text == "last-month" {
            self = current.previous
        } else {
            let parts = text.split(separator: "-", omittingEmptySubsequences: false)
            guard parts.count == 2, parts[0].utf8.count == 4, parts[1].utf8.count == 2, let year = Int(parts[0]),
                let month = Int(parts[1]), year >= 0, (1...12).contains(month)
            else { throw Malformed(text: text) }
            self.init(containing: Calendar.days(year: year, month: month, day: 1))
        }
    }

    public var previous: CalendarMonth { CalendarMonth(containing: firstDay - 1) }

    public var lastDay: Int { nextDay - 1 }
}
