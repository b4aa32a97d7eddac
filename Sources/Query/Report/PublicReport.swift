import JSON
import Record
import Store

/// A report that may be published: answers that may be published, of whole months.
extension MonthlyReport {
    static func publicReport(
        _ connection: any SQLConnection, _ filter: UsageFilter, _ choices: Choices, now: Int64
    ) throws(StoreError) -> MonthlyReport {
        let today = Int(now / Calendar.microsecondsPerDay)
        guard let period = try Period.asked(connection, filter, today: today) else {
            return MonthlyReport(
                made: today, isPublic: true, filters: choices.filters, period: nil,
                head: head(choices.filters, period: nil, before: nil, totals: []))
        }
        // as many days of another month would tell of days
        let month = CalendarMonth(containing: period.first)
        let isMonth = period.isOver && period.first == month.firstDay && period.last == month.lastDay
        let before = isMonth ? try period.before(today: today).checked(connection) : nil
        let present = try publicTotals(connection, filter, in: period)
        let past = try before.map { (before) throws(StoreError) in
            try publicTotals(connection, filter, in: before)
        }
        let totals = present.map { member in
            Total(name: member.key, value: member.value, before: past?.first { $0.key == member.key }?.value ?? .null)
        }
        var quality = try ReportQuality.ask(connection, period, now: now)
        // a day with usage may be one of a single person
        quality = ReportQuality(batches: quality.batches, canaries: quality.canaries)
        return MonthlyReport(
            made: today, isPublic: true, filters: choices.filters, period: period, before: before, totals: totals,
            quality: quality, sections: try publicSections(connection, filter.of(period), choices, today: today),
            head: head(choices.filters, period: period, before: before.map { ($0, past ?? []) }, totals: present))
    }

    /// Coarse totals; empty if they are of too few people.
    private static func publicTotals(
        _ connection: any SQLConnection, _ filter: UsageFilter, in period: Period
    ) throws(StoreError) -> [JSON.Member] {
        let answer = try Publication.answer(filter, limit: nil) { (filter, _) throws(StoreError) in
            let totals = try UsageTotals.ask(connection, filter, in: period)
            return Answer(
                totals.users >= filter.leastUsers ? [totals] : [], UsageTotals.fields(withDevices: true) { $0 })
        }
        guard let row = answer.rows.first else { return [] }
        let names = Set(UsageTotals().members.map { $0.key })
        return zip(answer.columns, row).filter { names.contains($0.0.name) }.map { JSON.Member($0.name, $1) }
    }

    private static func publicSections(
        _ connection: any SQLConnection, _ filter: UsageFilter, _ choices: Choices, today: Int
    ) throws(StoreError) -> [ReportSection] {
        let packages = try Publication.answer(filter, limit: nil) { (filter, limit) throws(StoreError) in
            try TopUsage.ask(connection, filter, limit: limit).answer
        }
        let pythons = try Publication.answer(
            filter, limit: nil, parts: .ofAll
        ) { (filter, limit) throws(StoreError) in
            let usage = try InterpreterUsage.ask(connection, filter, limit: limit)
            return Answer(
                usage.rows,
                InterpreterUsage.fields
                    + PythonReleases.fields(today: today) { $0.python.flatMap { PythonReleases.series(of: $0) } })
        }
        let environments = try Publication.answer(
            filter, limit: nil, parts: .ofAll
        ) { (filter, limit) throws(StoreError) in
            try EnvironmentUsage.ask(connection, filter, kinds: choices.kinds, limit: limit).answer
        }
        let ends = try Publication.answer(filter, limit: nil) { (filter, limit) throws(StoreError) in
            try ProcessEnds.ask(connection, filter, limit: limit).answerOfProcesses
        }
        // the number of rows that are left out is not told
        return [
            ReportSection(.packages, packages, limit: choices.limit, count: nil),
            ReportSection(.pythons, pythons, limit: choices.limit, count: nil),
            ReportSection(.environments, environments, limit: choices.limit, count: nil),
            ReportSection(.ends, ends, limit: choices.limit, count: nil),
        ]
    }

    private static func head(
        _ filters: [JSON.Member], period: Period?, before: (period: Period, totals: [JSON.Member])?,
        totals: [JSON.Member]
    ) -> [JSON.Member] {
        [
            JSON.Member("period", period.map { .object($0.members) } ?? .null),
            JSON.Member("filters", .object(filters)),
            JSON.Member("totals", totals.isEmpty ? .null : .object(totals)),
            JSON.Member(
                "against",
                before.map {
                    .object([
                        "period": .object($0.period.members),
                        "totals": $0.totals.isEmpty ? .null : .object($0.totals),
                    ])
                } ?? .null),
        ]
    }
}
