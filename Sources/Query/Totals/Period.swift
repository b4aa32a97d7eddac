import JSON
import Record
import Store

/// Days that follow each other, counted from 1970-01-01 UTC, both ends included.
public struct Period: Sendable, Equatable, CustomStringConvertible {
    public let first: Int
    public let last: Int
    /// Whether its last day is over.
    public let isComplete: Bool

    /// `2026-10-01 to 2026-10-31`
    public var description: String { "\(Calendar.text(day: first)) to \(Calendar.text(day: last))" }

    /// - Parameter today: the day that is not over yet.
    public init(_ first: Int, _ last: Int, today: Int) {
        (self.first, self.last) = (first, last)
        isComplete = last < today
    }

    /// The period that a filter asks about; nil if it names no first day, and there is no usage.
    static func asked(
        _ connection: any SQLConnection, _ filter: UsageFilter, today: Int
    ) throws(StoreError) -> Period? {
        let oldest = filter.firstDay == nil ? try PackedDays.daysWithRuns(connection).first : nil
        guard let first = filter.firstDay ?? oldest else { return nil }
        return Period(first, filter.lastDay ?? max(first, today), today: today)
    }

    /// The period before: of a calendar month the month before, otherwise as many days. Of a month that is not over it
    /// has as many days as have gone, so that both can be compared.
    public func before(today: Int) -> Period {
        let start = Calendar.date(days: first)
        guard start.day == 1, last <= Period.month(year: start.year, month: start.month, today: today).last,
            !isComplete || last == Period.month(year: start.year, month: start.month, today: today).last
        else { return Period(first - (last - first + 1), first - 1, today: today) }
        let month =
            start.month == 1
            ? Period.month(year: start.year - 1, month: 12, today: today)
            : Period.month(year: start.year, month: start.month - 1, today: today)
        let gone = isComplete ? month.last : min(month.last, month.first + min(last, today) - first)
        return Period(month.first, gone, today: today)
    }

    public static func month(year: Int, month: Int, today: Int) -> Period {
        let next = month == 12 ? (year + 1, 1) : (year, month + 1)
        return Period(
            Calendar.days(year: year, month: month, day: 1),
            Calendar.days(year: next.0, month: next.1, day: 1) - 1, today: today)
    }

    var members: [JSON.Member] {
        [
            JSON.Member("since", .day(Int64(first))), JSON.Member("until", .day(Int64(last))),
            JSON.Member("complete", .bool(isComplete)),
        ]
    }
}

extension UsageFilter {
    /// The filter for the days of a period.
    func of(_ period: Period) -> UsageFilter {
        var filter = self
        (filter.firstDay, filter.lastDay) = (period.first, period.last)
        return filter
    }
}

/// The period that another one is compared with.
public enum ComparedPeriod: Sendable, Equatable {
    case previous
    case month(year: Int, month: Int)

    /// - Parameter text: `previous`, or `2026-10`.
    public init?(_ text: String) {
        if text == "previous" {
            self = .previous
            return
        }
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard text.utf8.count == 7, parts.count == 2, let year = Int(parts[0]), let month = Int(parts[1]), year >= 1970,
            1...12 ~= month
        else { return nil }
        self = .month(year: year, month: month)
    }

    func period(before period: Period, today: Int) -> Period {
        switch self {
        case .previous: period.before(today: today)
        case .month(let year, let month): Period.month(year: year, month: month, today: today)
        }
    }
}
