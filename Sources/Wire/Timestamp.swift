import Record

/// Times as text, read as microseconds since 1970 UTC.
public enum Timestamp {
    /// From 2000-01-01 until before 2150-01-01, in microseconds: clocks that were never set say 1970.
    public static let accepted: Range<Int64> =
        10_957 * Calendar.microsecondsPerDay..<65_744 * Calendar.microsecondsPerDay

    /// A whole text such as `2026-11-21T04:13:00.000000Z` (RFC 3339, section 5.6), with any offset and any number of
    /// decimals. Decimals after the sixth are ignored.
    ///
    /// A leap second is taken as the last microsecond before it. The result is nil if the text has another form, names
    /// no time, or lies outside `accepted`.
    public static func rfc3339(_ text: UnsafeRawBufferPointer) -> Int64? {
        guard text.count >= 20, text[4] == UInt8(ascii: "-"), text[7] == UInt8(ascii: "-"),
            text[10] | 0x20 == UInt8(ascii: "t") || text[10] == UInt8(ascii: " "),
            let century = twoDigits(text, 0), let yearOfCentury = twoDigits(text, 2),
            let month = twoDigits(text, 5), let day = twoDigits(text, 8),
            let clock = clock(text, at: 11), let offset = offset(text, at: clock.end)
        else { return nil }
        let year = century * 100 + yearOfCentury
        guard isDate(year, month, day) else { return nil }
        let days = Int64(Calendar.days(year: year, month: month, day: day))
        let time = days * Calendar.microsecondsPerDay + clock.microseconds - offset
        return accepted.contains(time) ? time : nil
    }

    /// A text that begins with a time such as `Nov  1 04:13:00` (RFC 3164, section 4.1.2), taken as UTC. Some devices
    /// write the year after the day. If the year is missing, it follows from the arrival: a log is of the past, and
    /// clocks and time zones differ by less than a day.
    ///
    /// - Parameters:
    ///   - arrival: microseconds since 1970 UTC; the year is the latest that puts the time at most one day after it.
    ///   - lastYear: the latest possible year; nil for no limit.
    /// - Returns: nil if the text begins otherwise; `time` is nil if it is not a time or outside `accepted`; `count` is
    ///   the length in bytes.
    static func rfc3164(
        _ text: UnsafeRawBufferPointer, arrival: Int64, lastYear: Int?
    ) -> (time: Int64?, count: Int)? {
        guard text.count >= 14, text[3] == UInt8(ascii: " "), let month = month(text) else { return nil }
        var next = text[4] == UInt8(ascii: " ") ? 5 : 4
        guard var day = decimalDigit(text[next]) else { return nil }
        next += 1
        if let digit = decimalDigit(text[next]) {
            day = day * 10 + digit
            next += 1
        }
        guard text[next] == UInt8(ascii: " ") else { return nil }
        let written = year(text, at: next + 1)
        guard let clock = clock(text, at: written == nil ? next + 1 : next + 6) else { return nil }
        func time(in year: Int) -> Int64? {
            guard isDate(year, month, day) else { return nil }
            let days = Int64(Calendar.days(year: year, month: month, day: day))
            let time = days * Calendar.microsecondsPerDay + clock.microseconds
            return accepted.contains(time) ? time : nil
        }
        if let written { return (time(in: written), clock.end) }
        let now = min(max(arrival, accepted.lowerBound), accepted.upperBound - 1)
        let latest = now + Calendar.microsecondsPerDay
        let year = min(Calendar.date(days: Int(Calendar.day(ofMicroseconds: latest))).year, lastYear ?? .max)
        // February 29th may be eight years away, and a clock that was never set is earlier than all days of a year but
        // one
        for candidate in (year - 8...year).reversed() {
            if let time = time(in: candidate), time <= latest { return (time, clock.end) }
        }
        return (time(in: year), clock.end)
    }

    /// A time `hh:mm:ss`, with or without decimals, as microseconds since midnight, and the position after it.
    private static func clock(_ text: UnsafeRawBufferPointer, at start: Int) -> (microseconds: Int64, end: Int)? {
        guard start + 8 <= text.count, text[start + 2] == UInt8(ascii: ":"), text[start + 5] == UInt8(ascii: ":"),
            let hour = twoDigits(text, start), let minute = twoDigits(text, start + 3),
            let second = twoDigits(text, start + 6), hour <= 23, minute <= 59, second <= 60
        else { return nil }
        var end = start + 8
        var fraction = 0
        if end < text.count, text[end] == UInt8(ascii: ".") {
            end += 1
            let first = end
            var weight = 100_000
            while end < text.count, let digit = decimalDigit(text[end]) {
                fraction += digit * weight
                weight /= 10
                end += 1
            }
            guard end > first else { return nil }
        }
        let minutes = hour * 60 + minute
        let microseconds = second == 60 ? 59_999_999 : second * 1_000_000 + fraction
        return (Int64(minutes * 60_000_000 + microseconds), end)
    }

    /// Four digits and a space.
    private static func year(_ text: UnsafeRawBufferPointer, at start: Int) -> Int? {
        guard start + 5 <= text.count, text[start + 4] == UInt8(ascii: " "), let century = twoDigits(text, start),
            let year = twoDigits(text, start + 2)
        else { return nil }
        return century * 100 + year
    }

    /// `Z` or `+hh:mm` at the end of a text, in microseconds east of UTC.
    private static func offset(_ text: UnsafeRawBufferPointer, at start: Int) -> Int64? {
        switch text.count - start {
        case 1: return text[start] | 0x20 == UInt8(ascii: "z") ? 0 : nil
        case 6:
            guard text[start + 3] == UInt8(ascii: ":"), let hours = twoDigits(text, start + 1), hours <= 23,
                let minutes = twoDigits(text, start + 4), minutes <= 59
            else { return nil }
            let offset = Int64(hours * 60 + minutes) * 60_000_000
            switch text[start] {
            case UInt8(ascii: "+"): return offset
            case UInt8(ascii: "-"): return -offset
            default: return nil
            }
        default: return nil
        }
    }

    private static func isDate(_ year: Int, _ month: Int, _ day: Int) -> Bool {
        month >= 1 && month <= 12 && day >= 1 && day <= Calendar.length(ofMonth: month, year: year)
    }

    /// The month whose English abbreviation the text begins with.
    private static func month(_ text: UnsafeRawBufferPointer) -> Int? {
        switch (text[0], text[1], text[2]) {
        case (UInt8(ascii: "J"), UInt8(ascii: "a"), UInt8(ascii: "n")): 1
        case (UInt8(ascii: "F"), UInt8(ascii: "e"), UInt8(ascii: "b")): 2
        case (UInt8(ascii: "M"), UInt8(ascii: "a"), UInt8(ascii: "r")): 3
        case (UInt8(ascii: "A"), UInt8(ascii: "p"), UInt8(ascii: "r")): 4
        case (UInt8(ascii: "M"), UInt8(ascii: "a"), UInt8(ascii: "y")): 5
        case (UInt8(ascii: "J"), UInt8(ascii: "u"), UInt8(ascii: "n")): 6
        case (UInt8(ascii: "J"), UInt8(ascii: "u"), UInt8(ascii: "l")): 7
        case (UInt8(ascii: "A"), UInt8(ascii: "u"), UInt8(ascii: "g")): 8
        case (UInt8(ascii: "S"), UInt8(ascii: "e"), UInt8(ascii: "p")): 9
        case (UInt8(ascii: "O"), UInt8(ascii: "c"), UInt8(ascii: "t")): 10
        case (UInt8(ascii: "N"), UInt8(ascii: "o"), UInt8(ascii: "v")): 11
        case (UInt8(ascii: "D"), UInt8(ascii: "e"), UInt8(ascii: "c")): 12
        default: nil
        }
    }

    @inline(__always)
    private static func twoDigits(_ text: UnsafeRawBufferPointer, _ start: Int) -> Int? {
        guard let tens = decimalDigit(text[start]), let ones = decimalDigit(text[start + 1]) else { return nil }
        return tens * 10 + ones
    }
}

/// The value of `0` to `9`; nil for any other byte.
@inline(__always)
func decimalDigit(_ byte: UInt8) -> Int? {
    let value = byte &- UInt8(ascii: "0")
    return value <= 9 ? Int(value) : nil
}
