import JSON
import Record
import Store

/// What a computing centre wants to read once a month: totals and their change, the most used packages, and so on.
///
/// It defines no number of its own. Each part is the answer to another question about the same days, and all parts are
/// of one state of the store.
public struct MonthlyReport: Sendable, Equatable {
    /// One of the totals, beside that of the period before.
    public struct Total: Sendable, Equatable {
        /// Its key in JSON, such as `node_hours`.
        public let name: String
        public let value: JSON
        public let before: JSON
        public let change: JSON
        public let changePercent: JSON

        public init(
            name: String, value: JSON, before: JSON = .null, change: JSON = .null, changePercent: JSON = .null
        ) {
            self.name = name
            self.value = value
            self.before = before
            self.change = change
            self.changePercent = changePercent
        }
    }

    /// The day on which it was made, counted from 1970-01-01 UTC.
    public let made: Int
    /// Whether it has only what may be published.
    public let isPublic: Bool
    /// What counts, besides the days.
    public let filters: [JSON.Member]
    /// nil in a store without usage, if no days were asked for.
    public let period: Period?
    /// The period that it is compared with.
    public let before: Period?
    /// Empty if they may not be told.
    public let totals: [Total]
    public let quality: ReportQuality
    public let sections: [ReportSection]
    /// The members of the JSON before those of the quality and of the sections.
    let head: [JSON.Member]

    public init(
        made: Int, isPublic: Bool = false, filters: [JSON.Member] = [], period: Period?, before: Period? = nil,
        totals: [Total] = [], quality: ReportQuality = ReportQuality(), sections: [ReportSection] = [],
        head: [JSON.Member] = []
    ) {
        self.made = made
        self.isPublic = isPublic
        self.filters = filters
        self.period = period
        self.before = before
        self.totals = totals
        self.quality = quality
        self.sections = sections
        self.head = head
    }

    /// The sections that tell something: those with names in their rows.
    public var tellingSections: [ReportSection] {
        sections.filter { section in section.answer.rows.contains { $0.first != .null } }
    }

    /// Whether there is anything to tell.
    public var isEmpty: Bool { totals.allSatisfy { ($0.value.number ?? 0) == 0 } }
}

extension MonthlyReport {
    /// The choices of a report besides its usage.
    public struct Choices: Sendable {
        /// Maximum number of rows of a table.
        public var limit = 20
        public var oldVersions = OldVersions.usual
        public var kinds = EnvironmentKinds()
        /// What the filter selects, as the answer says it.
        public var filters: [JSON.Member] = []

        public init() {}
    }

    /// - Parameters:
    ///   - filter: for publication (`leastUsers`) it selects no part of the usage.
    ///   - now: microseconds since 1970 UTC.
    public static func ask(
        _ connection: any SQLConnection, _ filter: UsageFilter, _ choices: Choices = Choices(), now: Int64
    ) throws(StoreError) -> MonthlyReport {
        try connection.snapshot { () throws(StoreError) in
            filter.leastUsers > 0
                ? try publicReport(connection, filter, choices, now: now)
                : try fullReport(connection, filter, choices, now: now)
        }
    }

    private static func fullReport(
        _ connection: any SQLConnection, _ filter: UsageFilter, _ choices: Choices, now: Int64
    ) throws(StoreError) -> MonthlyReport {
        let today = Int(now / Calendar.microsecondsPerDay)
        let compared: ComparedPeriod? = filter.firstDay == nil ? nil : .previous
        let summary = try UsageSummary.ask(connection, filter, against: compared, now: now)
        let members: [JSON.Member]
        if case .object(let told) = summary.answer(filters: choices.filters).json {
            members = told
        } else {
            members = []
        }
        guard let present = summary.now else {
            return MonthlyReport(made: today, filters: choices.filters, period: nil, head: members)
        }
        let before = summary.before
        let totals = zip(present.totals.members, (before?.totals ?? UsageTotals()).members).map { one, other in
            guard before != nil else { return Total(name: one.key, value: one.value) }
            let change = UsageChange(from: other.value, to: one.value)
            return Total(
                name: one.key, value: one.value, before: other.value, change: change.absolute,
                changePercent: change.percent)
        }
        var quality = try ReportQuality.ask(connection, present.period, now: now)
        quality.silentHosts = summary.quality.silentHosts
        return MonthlyReport(
            made: today, filters: choices.filters, period: present.period, before: before?.period, totals: totals,
            quality: quality,
            sections: try FullSections(
                connection: connection, filter: filter.of(present.period), choices: choices, whole: present,
                compared: compared, today: today
            ).all, head: members)
    }
}

/// The sections of a report that is not for publication.
private struct FullSections {
    let connection: any SQLConnection
    let filter: UsageFilter
    let choices: MonthlyReport.Choices
    let whole: UsageSummary.Totals
    let compared: ComparedPeriod?
    let today: Int

    var all: [ReportSection] {
        get throws(StoreError) {
            let usage = try EnvironmentTotals(connection, filter)
            let series = SeriesUsage(usage)
            let environments = try EnvironmentUsage.ask(connection, filter, kinds: choices.kinds)
            let old = try OldVersionUsage(connection, filter, choices.oldVersions)
            let ends = try ProcessEnds.ask(connection, filter)
            let states = try TopUsage.ask(connection, filter, per: .state, by: .jobs)
            let hasFields = filter.mapping?.properties.contains(.field) == true
            let fields = hasFields ? [try top(.fields, .field, .nodeHours)] : []
            return [
                try top(.packages, .package, .users), try devices, try top(.systems, .system, .users),
                try top(.accounts, .account, .nodeHours),
            ] + fields + [
                ReportSection(.pythons, series.answer(today: today)),
                ReportSection(.environmentKinds, KindUsage(usage, choices.kinds).answer),
                ReportSection(.environments, environments.answer, limit: choices.limit),
                ReportSection(.oldVersions, old.answer),
                ReportSection(.ends, ends.answerOfProcesses, limit: choices.limit),
                ReportSection(.jobStates, states.answer, limit: choices.limit),
            ]
        }
    }

    private func top(
        _ name: ReportSection.Name, _ dimension: UsageDimension, _ order: UsageOrder
    ) throws(StoreError) -> ReportSection {
        let top = try TopUsage.ask(connection, filter, per: dimension, by: order, against: compared, today: today)
        // rows that are gone come last, and do not count
        let count = top.rows.count { $0.totals.processes > 0 }
        return ReportSection(name, top.answer, limit: choices.limit, count: count)
    }

    private struct Devices {
        let name: String
        let totals: UsageTotals
    }

    private var devices: ReportSection {
        get throws(StoreError) {
            // a filter for the other kind leaves nothing
            let kinds = filter.hasGPUs.map { [$0] } ?? [true, false]
            let rows = try kinds.map { (hasGPUs) throws(StoreError) in
                var filter = filter
                filter.hasGPUs = hasGPUs
                return Devices(
                    name: hasGPUs ? "gpu" : "cpu", totals: try UsageTotals.ask(connection, filter, in: whole.period))
            }.filter { $0.totals.jobs > 0 }
            let all = whole.totals
            let fields: [Field<Devices>] =
                [.text("devices") { $0.name }] + UsageTotals.fields(withDevices: true) { $0.totals } + [
                    .number("share_percent") { $0.totals.share(of: all, by: .nodeHours) }
                ]
            return ReportSection(.devices, Answer(rows, fields, measure: .nodeHours))
        }
    }
}
