import JSON
import Record
import Store

/// How far the numbers of a period can be trusted.
public struct ReportQuality: Sendable, Equatable {
    /// The number of canary batches of the period that are over.
    public let batches: Int
    /// The records of these batches.
    public let canaries: CanaryReport.Sample
    /// Days of the period, today not among them, on which no usage by anyone is known. Days since 1970-01-01 UTC.
    public let silentDays: [Int]
    /// The number of hosts that have fallen silent by the day of the report; nil if it is not known, or not told.
    public internal(set) var silentHosts: Int64?

    public init(
        batches: Int = 0, canaries: CanaryReport.Sample = .init(), silentDays: [Int] = [], silentHosts: Int64? = nil
    ) {
        self.batches = batches
        self.canaries = canaries
        self.silentDays = silentDays
        self.silentHosts = silentHosts
    }

    /// - Parameter now: microseconds since 1970 UTC.
    static func ask(_ connection: any SQLConnection, _ period: Period, now: Int64) throws(StoreError) -> ReportQuality {
        let canaries = try CanaryReport.ask(connection, now: now).submitted(from: period.first, through: period.last)
        let pruned = try connection.query(
            "SELECT DISTINCT day FROM pruned_usage WHERE day >= \(period.first) AND day <= \(period.last)")
        let used = Set(try PackedDays.daysWithRuns(connection) + pruned.compactMap { $0[0].integer.map { Int($0) } })
        let end = min(period.last + 1, Int(now / Calendar.microsecondsPerDay))
        return ReportQuality(
            batches: canaries.count(.complete) + canaries.count(.overdue), canaries: canaries.overall,
            silentDays: end > period.first ? (period.first..<end).filter { !used.contains($0) } : [])
    }

    var members: [JSON.Member] {
        [
            JSON.Member(
                "canaries",
                .object([
                    "batches": .integer(Int64(batches)), "expected": .integer(canaries.expected),
                    "received": .integer(canaries.received), "lost": .integer(canaries.lost),
                    "loss": canaries.loss.map { .real($0) } ?? .null,
                    "loss_upper_95": canaries.upper.map { .real($0) } ?? .null,
                ])), JSON.Member("days_without_usage", .array(silentDays.map { .day(Int64($0)) })),
        ]
    }
}
