/// A round time on an axis, in UTC.
public struct TimeTick: Sendable, Equatable {
    /// Microseconds since 1970 UTC.
    public let time: Int64
    /// `2026-11`, `11-21`, `14:00` or `14:00:30`; the first one of a day before its time of day: `11-21 14:00`.
    public let label: String

    private enum Step {
        case seconds(Int64)
        case days(Int)
        case months(Int)

        /// About how many seconds.
        var length: Double {
            switch self {
            case .seconds(let count): Double(count)
            case .days(let count): Double(count) * 86_400
            case .months(let count): Double(count) * 2_629_746
            }
        }
    }

    private static let steps: [Step] =
        [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200].map { .seconds($0) }
        + [1, 2, 4, 7, 14].map { .days($0) }
        + [1, 2, 3, 6, 12, 24, 60, 120, 240, 1_200, 12_000, 120_000].map { .months($0) }

    static func ticks(from first: Int64, to last: Int64, count: Int) -> [TimeTick] {
        let seconds = (Double(last) - Double(first)) / 1e6
        let step = steps.first { seconds / $0.length <= Double(max(count, 1)) } ?? .months(1_200_000)
        switch step {
        case .seconds(let length): return times(first, last, length)
        case .days(let count): return days(first, last, count)
        case .months(let count): return months(first, last, count)
        }
    }

    private static func times(_ first: Int64, _ last: Int64, _ length: Int64) -> [TimeTick] {
        let step = length * 1_000_000
        var ticks: [TimeTick] = []
        var day: Int?
        for index in floor(first, step)...floor(last, step) where index * step >= first {
            let second = index * length
            let today = Int(floor(second, 86_400))
            let rest = second - Int64(today) * 86_400
            var label = pair(rest / 3_600) + ":" + pair(rest / 60 % 60)
            if length < 60 { label += ":" + pair(rest % 60) }
            if day != today { label = CivilDay(today).monthAndDay + " " + label }
            day = today
            ticks.append(TimeTick(time: index * step, label: label))
        }
        return ticks
    }

    private static func days(_ first: Int64, _ last: Int64, _ count: Int) -> [TimeTick] {
        let days = Int(floor(first, 86_400_000_000))...Int(floor(last, 86_400_000_000))
        return stride(from: days.lowerBound, through: days.upperBound, by: count).map { day in
            TimeTick(time: Int64(day) * 86_400_000_000, label: CivilDay(day).monthAndDay)
        }.filter { $0.time >= first }
    }

    private static func months(_ first: Int64, _ last: Int64, _ count: Int) -> [TimeTick] {
        let (start, end) = (CivilDay(Int(floor(first, 86_400_000_000))), CivilDay(Int(floor(last, 86_400_000_000))))
        let months = (start.year * 12 + start.month - 1)...(end.year * 12 + end.month - 1)
        let begin = Int(floor(Int64(months.lowerBound), Int64(count))) * count
        return stride(from: begin, through: months.upperBound, by: count).compactMap { month in
            let year = Int(floor(Int64(month), 12))
            let day = CivilDay(year: year, month: month - year * 12 + 1, day: 1)
            let time = Int64(day.number).multipliedReportingOverflow(by: 86_400_000_000)
            guard !time.overflow, time.partialValue >= first else { return nil }
            return TimeTick(time: time.partialValue, label: day.yearAndMonth)
        }
    }

    private static func floor(_ value: Int64, _ divisor: Int64) -> Int64 {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}

/// A day of the Gregorian calendar.
struct CivilDay {
    let year: Int
    let month: Int
    let day: Int
    /// Counted from 1970-01-01.
    let number: Int

    /// By Howard Hinnant's `civil_from_days` (chrono-Compatible Low-Level Date Algorithms).
    init(_ number: Int) {
        let shifted = number + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        self.number = number
    }

    init(year: Int, month: Int, day: Int) {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        number = era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
        (self.year, self.month, self.day) = (year, month, day)
    }

    /// `11-21`
    var monthAndDay: String { pair(Int64(month)) + "-" + pair(Int64(day)) }
    /// `2026-11`
    var yearAndMonth: String { "\(year)-" + pair(Int64(month)) }
}

/// Two digits.
private func pair(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
