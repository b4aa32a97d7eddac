import Record

/// The rule by which a time zone's clocks change each year: the form of POSIX's variable `TZ`, as RFC 9636 (section
/// 3.3.1) extends it. `CET-1CEST,M3.5.0,M10.5.0/3` is an example.
struct ZoneRule: Sendable, Equatable {
    /// Seconds east of UTC.
    private let standard: Int64
    private let summer: Summer?

    private struct Summer: Sendable, Equatable {
        /// Seconds east of UTC.
        let offset: Int64
        let start: Change
        let end: Change
    }

    /// The day and the time of a change.
    fileprivate struct Change: Sendable, Equatable {
        enum Day: Sendable, Equatable {
            /// From 1 to 365; February 29th has no number.
            case julian(Int)
            /// From 0 to 365.
            case ofYear(Int)
            /// The first to fourth day of a week in a month, or the fifth for the last; 0 is Sunday.
            case week(month: Int, week: Int, day: Int)
        }

        let day: Day
        /// Seconds since midnight by the clocks before the change.
        let time: Int64
    }

    /// nil for a text of another form.
    init?(_ text: String) {
        var cursor = RuleCursor(text)
        guard cursor.skipName(), let west = cursor.duration() else { return nil }
        standard = -west
        if cursor.isAtEnd {
            summer = nil
            return
        }
        guard cursor.skipName() else { return nil }
        // an hour ahead, if nothing else is said
        let offset = cursor.duration().map { -$0 } ?? standard + 3_600
        guard cursor.skip(","), let start = ZoneRule.change(&cursor), cursor.skip(","),
            let end = ZoneRule.change(&cursor), cursor.isAtEnd
        else { return nil }
        summer = Summer(offset: offset, start: start, end: end)
    }

    /// Seconds east of UTC.
    ///
    /// - Parameter second: since 1970 UTC.
    func offset(at second: Int64) -> Int64 {
        guard let summer else { return standard }
        let day = Calendar.day(ofMicroseconds: (second + standard) * 1_000_000)
        let year = Calendar.date(days: Int(day)).year
        let start = summer.start.second(in: year) - standard
        let end = summer.end.second(in: year) - summer.offset
        let isSummer = start < end ? start <= second && second < end : !(end <= second && second < start)
        return isSummer ? summer.offset : standard
    }

    private static func change(_ cursor: inout RuleCursor) -> Change? {
        let day: Change.Day
        if cursor.skip("M") {
            guard let month = cursor.number(), cursor.skip("."), let week = cursor.number(), cursor.skip("."),
                let weekday = cursor.number(), (1...12).contains(month), (1...5).contains(week), weekday <= 6
            else { return nil }
            day = .week(month: month, week: week, day: weekday)
        } else if cursor.skip("J") {
            guard let number = cursor.number(), (1...365).contains(number) else { return nil }
            day = .julian(number)
        } else {
            guard let number = cursor.number(), number <= 365 else { return nil }
            day = .ofYear(number)
        }
        guard cursor.skip("/") else { return Change(day: day, time: 7_200) }
        return cursor.duration().map { Change(day: day, time: $0) }
    }
}

extension ZoneRule.Change {
    /// Seconds since 1970 by the clocks before the change, as if they were UTC's.
    fileprivate func second(in year: Int) -> Int64 {
        let first = Calendar.days(year: year, month: 1, day: 1)
        let day =
            switch self.day {
            case .julian(let number):
                first + number - 1 + (number > 59 && Calendar.length(ofMonth: 2, year: year) == 29 ? 1 : 0)
            case .ofYear(let number): first + number
            case .week(let month, let week, let weekday):
                ZoneRule.Change.day(year: year, month: month, week: week, weekday: weekday)
            }
        return Int64(day) * 86_400 + time
    }

    private static func day(year: Int, month: Int, week: Int, weekday: Int) -> Int {
        let first = Calendar.days(year: year, month: month, day: 1)
        // 1970-01-01 was a Thursday
        let ahead = ((weekday - first - 4) % 7 + 7) % 7
        let day = ahead + (week - 1) * 7
        return first + (day < Calendar.length(ofMonth: month, year: year) ? day : day - 7)
    }
}

/// Reads a rule from left to right.
private struct RuleCursor {
    private var rest: Substring

    init(_ text: String) { rest = text[...] }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func skip(_ word: Character) -> Bool {
        guard rest.first == word else { return false }
        rest.removeFirst()
        return true
    }

    /// A zone's abbreviation: letters, or any text in angle brackets.
    mutating func skipName() -> Bool {
        if skip("<") {
            guard let end = rest.firstIndex(of: ">") else { return false }
            rest = rest[rest.index(after: end)...]
            return true
        }
        let letters = rest.prefix { $0.isLetter }
        rest = rest[letters.endIndex...]
        return letters.count >= 3
    }

    mutating func number() -> Int? {
        let digits = rest.prefix { $0.isASCII && $0.isNumber }
        guard (1...3).contains(digits.count) else { return nil }
        rest = rest[digits.endIndex...]
        return Int(digits)
    }

    /// `[+-]hh[:mm[:ss]]` in seconds.
    mutating func duration() -> Int64? {
        let start = rest
        let isNegative = skip("-")
        if !isNegative { _ = skip("+") }
        guard var seconds = number().map({ Int64($0) * 3_600 }) else {
            rest = start
            return nil
        }
        for unit in [60, 1] as [Int64] where skip(":") {
            guard let number = number() else { return nil }
            seconds += Int64(number) * unit
        }
        return isNegative ? -seconds : seconds
    }
}
