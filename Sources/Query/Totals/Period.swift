import JSON
import Record
import Store

/// Days that follow each other, counted from 1970-01-01 UTC, both ends included.
public struct Period: Sendable, Equatable, CustomStringConvertible {
    public let first: Int
    public let last: Int
    /// Whether its last day is over.
    public let isOver: Bool
    /// Whether runs of it have been pruned, so that their jobs and hours are missing.
    public private(set) var isPruned = false

    /// Whether all of it is known.
    public var isComplete: Bool { isOver && !isPruned }

    /// `2026-10-01 to 2026-10-31`
    public var description: String { "\(Calendar.text(day: first)) to \(Calendar.text(day: last))" }

    /// - Parameter today: the day that is not over yet.
    public init(_ first: Int, _ last: Int, today: Int) {
        (self.first, self.last) = (first, last)
        isOver = last < today
    }

    /// The period that a filter asks about; nil if it names no first day, and there is no usage.
    static func asked(
        _ connection: any SQLConnection, _ filter: UsageFilter, today: Int
    ) throws(StoreError) -> Period? {
        let oldest = filter.firstDay == nil ? try PackedDays.daysWithRuns(connection).first : nil
        guard let first = filter.firstDay ?? oldest else { return nil }
        return try Period(first, filter.lastDay ?? max(first, today), today: today).checked(connection)
    }

    /// The period with what the store knows of it.
    func checked(_ connection: any SQLConnection) throws(StoreError) -> Period {
        var period = self
        period.isPruned =
            try !connection.query(
                "SELECT 1 FROM pruned_usage WHERE day >= \(first) AND day <= \(last) LIMIT 1"
            ).isEmpty
        return period
    }

    /// The period before: of a calendar month the month before, otherwise as many days. Of a month that is not over it
    /// has as many days as have gone, so that both can be compared.
    public func before(today: Int) -> Period {
        let month = CalendarMonth(containing: first)
        guard first == month.firstDay, last == month.lastDay || (!isOver && last < month.nextDay) else {
            return Period(first - (last - first + 1), first - 1, today: today)
        }
        let other = month.previous
        let gone = isOver ? other.lastDay : min(other.lastDay, other.firstDay + min(last, today) - first)
        return Period(other.firstDay, gone, today: today)
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
    case month(CalendarMonth)

    /// - Parameters:
    ///   - text: `previous`, or a month as `CalendarMonth` takes it.
    ///   - now: microseconds since 1970 UTC.
    public init?(_ text: String, now: Int64) {
        if text == "previous" {
            self = .previous
        } else if let month = try? CalendarMonth(text, now: now) {
            self = .month(month)
        } else {
            return nil
        }
    }

    func period(
        before period: Period, today: Int, _ connection: any SQLConnection
    ) throws(StoreError) -> Period {
        let other =
            switch self {
            case .previous: period.before(today: today)
            case .month(let month): Period(month.firstDay, month.lastDay, today: today)
            }
        return try other.checked(connection)
    }
}
