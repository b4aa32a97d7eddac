import Store

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
        (filter.firstDay, filter.lastDay) = try QuestionOptions.days(written, now)
        filter.system = written[.system]
        filter.subsystem = written[.subsystem]
        filter.account = written[.account]
        filter.partition = written[.partition]
        filter.qos = written[.qos]
        for (property, option) in QuestionOptions.properties { filter.charged[property] = written[option] }
        filter.hasGPUs = try QuestionOptions.hasGPUs(written)
        filter.user = written[.user]
        filter.python = try QuestionOptions.python(written)
        filter.prefix = try QuestionOptions.prefix(written)
        filter.place = try QuestionOptions.place(written)
        filter.includesStaff = written[.includeStaff] != nil
        filter.onlyDirect = written[.direct] != nil
        filter.onlyVouched = written[.vouched] != nil
        filter.leastUsers = try QuestionOptions.leastUsers(written)
        if filter.leastUsers > 0 {
            if filter.includesStaff { throw OptionError(.includeStaff, ": --public never tells of the staff") }
            // the difference of two such parts may be of one person
            let small = [.user, .python, .prefix] + QuestionOptions.properties.map { $0.option }
            for option in small where written[option] != nil {
                throw OptionError(option, ": --public never tells of so small a part; leave it out")
            }
            filter.onlyVouched = true
            // the difference of two periods must not tell of a few days
            filter.firstDay = filter.firstDay.map { CalendarMonth(containing: $0).firstDay }
            filter.lastDay = filter.lastDay.map { CalendarMonth(containing: $0).lastDay }
        }
        limit = try QuestionOptions.count(.limit, written)
    }

    private static let properties: [(property: AccountProperty, option: QuestionOption)] = [
        (.project, .project), (.pi, .pi), (.field, .field), (.department, .department),
    ]

    private static func days(
        _ written: [QuestionOption: String], _ now: Int64
    ) throws(OptionError) -> (first: Int?, last: Int?) {
        let zone = try zone(written)
        if let month = written[.month] {
            for option in [QuestionOption.since, .until] where written[option] != nil {
                throw OptionError(.month, " and --\(option.rawValue): a month is a period already; give one of them")
            }
            do throws(CalendarMonth.Malformed) {
                let month = try CalendarMonth(month, now: now, zone: zone)
                return (month.firstDay, month.lastDay)
            } catch { throw OptionError(.month, " \(error)") }
        }
        return (try day(.since, written, now, zone), try day(.until, written, now, zone))
    }

    private static func zone(_ written: [QuestionOption: String]) throws(OptionError) -> Zone {
        guard let text = written[.zone] else { return .utc }
        do throws(Zone.Malformed) { return try Zone(text) } catch { throw OptionError(.zone, " \(error)") }
    }

    private static func day(
        _ option: QuestionOption, _ written: [QuestionOption: String], _ now: Int64, _ zone: Zone
    ) throws(OptionError) -> Int? {
        guard let text = written[option] else { return nil }
        do throws(Day.Malformed) { return try Day(text, now: now, zone: zone).number } catch {
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

    private static func hasGPUs(_ written: [QuestionOption: String]) throws(OptionError) -> Bool? {
        switch (written[.gpu], written[.cpu]) {
        case (nil, nil): return nil
        case (_, nil): return true
        case (nil, _): return false
        default: throw OptionError(.gpu, " and --cpu: give one of them; without, both count")
        }
    }

    private static func python(_ written: [QuestionOption: String]) throws(OptionError) -> VersionSpecifiers? {
        guard let text = written[.python] else { return nil }
        guard let specifiers = VersionSpecifiers(text) else {
            throw OptionError(
                .python, " '\(text)': write a version as 3.11, or conditions as '<3.9', '>=3.10,<3.12' or '==3.11.*'")
        }
        return specifiers
    }

    private static func prefix(_ written: [QuestionOption: String]) throws(OptionError) -> WildcardPattern? {
        guard var path = written[.prefix] else { return nil }
        // no interpreter reports a slash at the end, and shells complete one
        while path.utf8.count > 1, path.utf8.last == UInt8(ascii: "/") { path.removeLast() }
        if path.isEmpty { throw OptionError(.prefix, " '': write a path, with * for any text in it") }
        return WildcardPattern(path)
    }

    private static func leastUsers(_ written: [QuestionOption: String]) throws(OptionError) -> Int64 {
        let least = try count(.minUsers, written)
        if written[.isPublic] == nil {
            if least != nil { throw OptionError(.minUsers, ": needs --public") }
            return 0
        }
        return max(least.map { Int64($0) } ?? 0, UsageFilter.publicUsers)
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
