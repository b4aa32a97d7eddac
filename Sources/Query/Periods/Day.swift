import Record
import Wire

/// A day as a person writes it.
public struct Day: Sendable, Equatable {
    /// Counted from 1970-01-01 UTC.
    public let number: Int

    /// A text that says no day.
    public struct Malformed: Error, CustomStringConvertible {
        let text: String

        public var description: String {
            "'\(text)': write a date as 2026-11-21, an RFC 3339 time, today, yesterday, or days or weeks ago as 30d or "
                + "4w"
        }
    }

    /// - Parameters:
    ///   - text: a date, an RFC 3339 time with or without an offset, `today`, `yesterday`, or `30d` or `4w` for 30 days
    ///     or four weeks ago.
    ///   - now: microseconds since 1970 UTC.
    ///   - zone: the time zone of today, and of a time without an offset.
    public init(_ text: String, now: Int64, zone: Zone = .utc) throws(Malformed) {
        if let days = Day.daysAgo(text) {
            number = zone.day(at: now) - days
        } else if let date = Day.date(text[...]) {
            number = date
        } else if let time = Day.time(text) ?? Day.time(text + "Z").map({ zone.moment(of: $0) }) {
            number = Int(Calendar.day(ofMicroseconds: time))
        } else {
            throw Malformed(text: text)
        }
    }

    private static func daysAgo(_ text: String) -> Int? {
        if text == "today" { return 0 }
        if text == "yesterday" { return 1 }
        let unit: Int? = text.last == "d" ? 1 : text.last == "w" ? 7 : nil
        guard let unit, let count = Int(text.dropLast()), count >= 0, count < 100_000 / unit else { return nil }
        return count * unit
    }

    private static func date(_ text: Substring) -> Int? {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].utf8.count == 4, parts[1].utf8.count == 2, parts[2].utf8.count == 2,
            let year = Int(parts[0]), let month = Int(parts[1]), let day = Int(parts[2]), (1...12).contains(month),
            day >= 1, day <= Calendar.length(ofMonth: month, year: year)
        else { return nil }
        return Calendar.days(year: year, month: month, day: day)
    }

    private static func time(_ text: String) -> Int64? {
        var text = text
        return text.withUTF8 { Timestamp.rfc3339(UnsafeRawBufferPointer($0)) }
    }
}
