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
            "'\(text)': write a date as 2026-11-21, an RFC 3339 time, or days ago as 30d"
        }
    }

    /// - Parameters:
    ///   - text: a date, an RFC 3339 time with or without a zone, or `30d` for 30 days ago.
    ///   - now: microseconds since 1970 UTC.
    public init(_ text: String, now: Int64) throws(Malformed) {
        if text.last == "d", let days = Int(text.dropLast()), days >= 0, days < 100_000 {
            number = Int(Calendar.day(ofMicroseconds: now)) - days
        } else if let date = Day.date(text[...]) {
            number = date
        } else if let time = Day.time(text) ?? Day.time(text + "Z") {
            number = Int(Calendar.day(ofMicroseconds: time))
        } else {
            throw Malformed(text: text)
        }
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
