import Record

/// The options of all questions: the usage that counts, and the part of the answer that is wanted.
public struct QuestionOptions: Sendable, Equatable {
    public var filter = UsageFilter()
    /// Maximum number of rows; nil for all.
    public var limit: Int?

    public init() {}

    /// - Parameters:
    ///   - written: the given options, each with its text; the text of a flag is ignored.
    ///   - now: microseconds since 1970 UTC, for days that are counted back from it.
    public init(_ written: [QuestionOption: String], now: Int64) throws(OptionError) {
        filter.firstDay = try QuestionOptions.day(.since, written, now)
        filter.lastDay = try QuestionOptions.day(.until, written, now)
        filter.system = written[.system]
        filter.account = written[.account]
        filter.place = try QuestionOptions.place(written)
        filter.includesStaff = written[.includeStaff] != nil
        filter.onlyDirect = written[.direct] != nil
        filter.onlyVouched = written[.vouched] != nil
        filter.leastUsers = try QuestionOptions.leastUsers(written)
        if filter.leastUsers > 0 {
            if filter.includesStaff { throw OptionError(.includeStaff, ": --public never tells of the staff") }
            filter.onlyVouched = true
            // the difference of two periods must not tell of a few days
            filter.firstDay = filter.firstDay.map { QuestionOptions.month(of: $0, ahead: 0) }
            filter.lastDay = filter.lastDay.map { QuestionOptions.month(of: $0, ahead: 1) - 1 }
        }
        limit = try QuestionOptions.count(.limit, written)
    }

    private static func day(
        _ option: QuestionOption, _ written: [QuestionOption: String], _ now: Int64
    ) throws(OptionError) -> Int? {
        guard let text = written[option] else { return nil }
        do throws(Day.Malformed) { return try Day(text, now: now).number } catch {
            throw OptionError(option, " \(error)")
        }
    }

    private static func place(_ written: [QuestionOption: String]) throws(OptionError) -> UsageFilter.Place? {
        switch (written[.compute], written[.login]) {
        case (nil, nil): return nil
        case (_, nil): return .compute
        case (nil, _): return .login
        default: throw OptionError(.compute, " and --login: give one of them; without, both count")
        }
    }

    private static func leastUsers(_ written: [QuestionOption: String]) throws(OptionError) -> Int64 {
        let least = try count(.minUsers, written)
        if written[.isPublic] == nil {
            if least != nil { throw OptionError(.minUsers, ": needs --public") }
            return 0
        }
        return max(least.map { Int64($0) } ?? 0, UsageFilter.publicUsers)
    }

    /// The first day of a day's month, or of the one `ahead` months later.
    private static func month(of day: Int, ahead: Int) -> Int {
        let date = Calendar.date(days: day)
        let months = date.year * 12 + date.month - 1 + ahead
        return Calendar.days(year: months / 12, month: months % 12 + 1, day: 1)
    }

    private static func count(
        _ option: QuestionOption, _ written: [QuestionOption: String]
    ) throws(OptionError) -> Int? {
        guard let text = written[option] else { return nil }
        guard let number = Int(text) else { throw OptionError(option, " '\(text)': write a whole number") }
        if number < 1 { throw OptionError(option, " \(number): must be at least 1") }
        return number
    }
}
