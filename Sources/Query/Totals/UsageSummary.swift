import JSON
import Record
import Store

/// How much Python runs: totals of a period, their change against another period, and how good the data is.
public struct UsageSummary: Sendable, Equatable {
    /// How far the numbers can be trusted, by the canaries and hosts of the last 30 days.
    public struct Quality: Sendable, Equatable {
        /// The fraction of canaries' records that were lost; nil if there were none.
        public let canaryLoss: Double?
        /// The upper bound of the loss at 95 % confidence.
        public let upper95: Double?
        /// The number of hosts that have fallen silent (`HostCounts`); nil if hosts were not counted.
        public let silentHosts: Int64?

        /// - Parameter now: microseconds since 1970 UTC.
        static func ask(_ connection: any SQLConnection, now: Int64) throws(StoreError) -> Quality {
            let canaries = try CanaryReport.ask(connection, now: now, days: CanaryReport.days).overall
            let today = Int(now / Calendar.microsecondsPerDay)
            return Quality(
                canaryLoss: canaries.loss, upper95: canaries.upper,
                silentHosts: try HostCounts.ask(connection, today: today)?.silent)
        }
    }

    public struct Totals: Sendable, Equatable {
        public let period: Period
        public let totals: UsageTotals
    }

    /// The jobs of the period, the staff's included.
    public struct SlurmJobs: Sendable, Equatable {
        /// Those that Slurm has run.
        public let all: Int64
        public let withPython: Int64

        /// nil if Slurm has run none.
        var share: Double? { all == 0 ? nil : Double(withPython) / Double(all) }
    }

    /// nil unless the batch system was asked.
    public private(set) var slurm: SlurmJobs?
    /// nil in a store without usage, if no period was asked for.
    public let now: Totals?
    public let before: Totals?
    public let quality: Quality

    /// - Parameters:
    ///   - compared: the period to compare with; nil for none.
    ///   - now: microseconds since 1970 UTC.
    public static func ask(
        _ connection: any SQLConnection, _ filter: UsageFilter, against compared: ComparedPeriod? = nil, now: Int64
    ) throws(StoreError) -> UsageSummary {
        let quality = try Quality.ask(connection, now: now)
        let today = Int(now / Calendar.microsecondsPerDay)
        guard let period = try Period.asked(connection, filter, today: today) else {
            return UsageSummary(now: nil, before: nil, quality: quality)
        }
        let other = try compared.map { (compared) throws(StoreError) in
            try compared.period(before: period, today: today, connection)
        }
        return UsageSummary(
            now: Totals(period: period, totals: try UsageTotals.ask(connection, filter, in: period)),
            before: try other.map { (other) throws(StoreError) in
                Totals(period: other, totals: try UsageTotals.ask(connection, filter, in: other))
            }, quality: quality)
    }
}

extension UsageSummary {
    /// Notes how many jobs the batch system has run in the period, to tell the share of those with Python.
    ///
    /// - Parameter filter: as for `ask`.
    public mutating func note(
        slurmJobs all: Int64, _ connection: any SQLConnection, _ filter: UsageFilter
    ) throws(StoreError) {
        guard let period = now?.period else { return }
        var filter = filter
        filter.includesStaff = true
        slurm = SlurmJobs(all: all, withPython: try UsageTotals.ask(connection, filter, in: period).jobs)
    }

    /// - Parameter filters: what the options select.
    public func answer(filters: [JSON.Member]) -> Answer {
        let members =
            head(filters: filters) + slurmMembers + [
                JSON.Member("against", before.map { against($0) } ?? .null),
                JSON.Member("quality", .object(quality.members)),
            ]
        return Answer(members, table: lines, before == nil ? Self.plainFields : Self.fields)
    }

    /// An answer with what it answers: the period, the filters, the totals, the data's quality, and the answer as
    /// `rows`.
    public func envelope(_ answer: Answer, filters: [JSON.Member]) -> JSON {
        .object(
            head(filters: filters) + [
                JSON.Member("quality", .object(quality.members)), JSON.Member("rows", answer.json),
            ])
    }

    private func head(filters: [JSON.Member]) -> [JSON.Member] {
        [
            JSON.Member("period", now.map { .object($0.period.members) } ?? .null),
            JSON.Member("filters", .object(filters)),
            JSON.Member("totals", .object((now?.totals ?? UsageTotals()).members)),
        ]
    }

    private func against(_ before: Totals) -> JSON {
        let change = zip(now?.totals.members ?? [], before.totals.members).map { one, other in
            let change = UsageChange(from: other.value, to: one.value)
            return JSON.Member(
                one.key,
                .object([
                    JSON.Member("absolute", change.absolute),
                    JSON.Member("percent", change.percent),
                ]))
        }
        return .object([
            JSON.Member("period", .object(before.period.members)),
            JSON.Member("totals", .object(before.totals.members)), JSON.Member("change", .object(change)),
        ])
    }
}

extension UsageSummary {
    /// A line of the table.
    fileprivate struct Line {
        let what: String
        let value: JSON
        var before: JSON = .null
        var change = UsageChange(from: .null, to: .null)
    }

    private static let plainFields: [Field<Line>] = [.text("what") { $0.what }, .any("value") { $0.value }]
    private static let fields: [Field<Line>] =
        plainFields + [
            .any("before") { $0.before }, .any("change") { $0.change.absolute },
            .any("change_percent") { $0.change.percent },
        ]

    private var slurmMembers: [JSON.Member] {
        [
            JSON.Member("share_of_jobs", slurm?.share.map { .real($0) } ?? .null),
            JSON.Member("slurm_jobs", .integer(slurm?.all)),
        ]
    }

    private var lines: [Line] {
        let period = now?.period.members ?? []
        let periods = period.enumerated().map { place, member in
            Line(what: member.key, value: member.value, before: before?.period.members[place].value ?? .null)
        }
        let totals = (now?.totals ?? UsageTotals()).members.enumerated().map { place, member in
            let other = before?.totals.members[place].value ?? .null
            return Line(
                what: member.key, value: member.value, before: other, change: UsageChange(from: other, to: member.value)
            )
        }
        let jobs = slurm.map { _ in slurmMembers } ?? []
        return periods + totals + (jobs + quality.members).map { Line(what: $0.key, value: $0.value) }
    }
}

extension UsageTotals {
    var members: [JSON.Member] {
        [
            JSON.Member("users", .integer(users)), JSON.Member("jobs", .integer(jobs)),
            JSON.Member("processes", .integer(processes)), JSON.Member("node_hours", .real(nodeHours)),
            JSON.Member("gpu_hours", gpuHours.map { .real($0) } ?? .null),
        ]
    }
}

extension UsageSummary.Quality {
    fileprivate var members: [JSON.Member] {
        [
            JSON.Member("canary_loss", canaryLoss.map { .real($0) } ?? .null),
            JSON.Member("loss_upper_95", upper95.map { .real($0) } ?? .null),
            JSON.Member("hosts_silent", .integer(silentHosts)),
        ]
    }
}
