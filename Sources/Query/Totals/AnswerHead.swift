import JSON
import Record
import Store

/// What an answer is about, in a few words above its table.
public struct AnswerHead: Sendable, Equatable {
    /// nil in a store without usage, if no period was asked for.
    let period: Period?
    /// Of all usage in the period that passes the filter; nil if they were not wanted.
    let totals: UsageTotals?
    let quality: UsageSummary.Quality

    /// - Parameters:
    ///   - withTotals: whether the totals are wanted, which take as long as a question about all usage.
    ///   - now: microseconds since 1970 UTC.
    public static func ask(
        _ connection: any SQLConnection, _ filter: UsageFilter, withTotals: Bool, now: Int64
    ) throws(StoreError) -> AnswerHead {
        let today = Int(now / Calendar.microsecondsPerDay)
        let period = try Period.asked(connection, filter, today: today)
        // totals tell of those who are left out of an answer for publication
        var totals: UsageTotals?
        if withTotals, filter.leastUsers == 0, let period {
            totals = try UsageTotals.ask(connection, filter, in: period)
        }
        return AnswerHead(
            period: period, totals: totals, quality: try UsageSummary.Quality.ask(connection, now: now))
    }

    /// The lines, each in parts between which it may be broken.
    ///
    /// - Parameter filters: what the options select.
    public func lines(filters: [JSON.Member]) -> [[String]] {
        let about = periodParts + filters.map { AnswerHead.part($0) }
        let known = totalParts + qualityParts
        return known.isEmpty ? [about] : [about, known]
    }

    private var periodParts: [String] {
        guard let period else { return [] }
        return ["\(period)"] + (period.isOver ? [] : ["not over"]) + (period.isPruned ? ["runs were pruned"] : [])
    }

    private static func part(_ filter: JSON.Member) -> String {
        if filter.key == "include_staff" { return filter.value == .bool(true) ? "with staff" : "without staff" }
        if filter.key == "limit" { return "first \(filter.value.plain) rows" }
        let name = String(filter.key.map { $0 == "_" ? " " : $0 })
        return filter.value == .bool(true) ? name : "\(name) \(printable(filter.value.plain))"
    }

    private var totalParts: [String] {
        guard let totals else { return [] }
        func part(_ count: Int64, _ one: String, _ several: String) -> String {
            "\(JSON.integer(count).cell) \(count == 1 ? one : several)"
        }
        func hours(_ hours: Double, _ what: String) -> String { "\(JSON.real(hours).cell) \(what) hours" }
        return [
            "in all \(part(totals.users, "user", "users"))", part(totals.jobs, "job", "jobs"),
            part(totals.processes, "process", "processes"), hours(totals.nodeHours, "node"),
        ] + (totals.gpuHours.map { [hours($0, "GPU")] } ?? [])
    }

    private var qualityParts: [String] {
        let loss = quality.upper95.map { "by canaries at most \(JSON.real($0 * 100).cell) % of records lost" }
        let silent = quality.silentHosts.flatMap { $0 > 0 ? "\($0) \($0 == 1 ? "host" : "hosts") silent" : nil }
        return [loss, silent].compactMap { $0 }
    }
}
