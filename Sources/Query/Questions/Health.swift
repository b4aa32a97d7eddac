import JSON
import Record
import Store

/// The outcome of every message: `received == stored + merged + duplicate + sum(rejected) + pending`.
public struct Health: Sendable, Equatable {
    public var received: Int64 = 0
    public var stored: Int64 = 0
    public var merged: Int64 = 0
    public var duplicate: Int64 = 0
    public var rejected: [(reason: String, count: Int64)] = []
    /// Datagrams that the kernel dropped before the daemon could receive them.
    public var kernelDropped: Int64 = 0
    /// New names beyond the budget of their sender, which count as `other`.
    public var otherNames: Int64 = 0
    public var pending: Int64 = 0
    public var oldestPendingSeconds: Double = 0
    /// Microseconds since 1970 UTC.
    public var lastRecord: Int64?
    /// The fraction of canaries' records that were lost; nil if there were none.
    public var canaryLoss: Double?

    public var isBalanced: Bool {
        received == stored + merged + duplicate + pending + rejected.reduce(0) { $0 + $1.count }
    }

    public init() {}

    public static func == (left: Health, right: Health) -> Bool {
        left.received == right.received && left.stored == right.stored && left.merged == right.merged
            && left.duplicate == right.duplicate && left.kernelDropped == right.kernelDropped
            && left.otherNames == right.otherNames && left.pending == right.pending
            && left.lastRecord == right.lastRecord
            && left.rejected.elementsEqual(right.rejected) { $0 == $1 }
    }

    /// - Parameters:
    ///   - source: the identity of one source; nil for all together.
    ///   - now: microseconds since 1970 UTC.
    public static func ask(
        _ connection: any SQLConnection, source: String? = nil, now: Int64
    ) throws(StoreError) -> Health {
        let which = source == nil ? "" : " WHERE s.identity = ?"
        let parameters = source.map { [SQLValue.text($0)] } ?? []
        // one statement, so that all values are of one moment
        let rows = try connection.query(
            """
            SELECT 'source', CAST(NULL AS bigint), sum(s.head_tally), sum(s.tally), max(s.last_record),
                min(s.oldest_pending)
            FROM (\(SourceStates.query)) s\(which)
            UNION ALL
            SELECT c.name, sum(c.value), NULL, NULL, NULL, NULL
            FROM counters c JOIN sources s ON s.id = c.source\(which) GROUP BY c.name
            UNION ALL
            SELECT 'held', count(*), NULL, NULL, NULL, NULL
            FROM held_parts h JOIN sources s ON s.id = h.source\(which)
            """, parameters + parameters + parameters)
        var health = Health()
        for row in rows {
            let value = row[1].integer ?? 0
            switch row[0].text ?? "" {
            case "source":
                health.received = row[2].integer ?? 0
                health.pending += health.received - (row[3].integer ?? 0)
                health.lastRecord = row[4].integer
                if let oldest = row[5].integer {
                    health.oldestPendingSeconds = Double(max(0, now - oldest) / 1_000) / 1_000
                }
            case "held": health.pending += value
            case IngestCounters.stored: health.stored = value
            case IngestCounters.merged: health.merged = value
            case IngestCounters.duplicate: health.duplicate = value
            case IngestCounters.kernelDropped: health.kernelDropped = value
            case IngestCounters.otherNames: health.otherNames = value
            case let name where name.hasPrefix(IngestCounters.rejectedPrefix):
                health.rejected.append((String(name.dropFirst(IngestCounters.rejectedPrefix.count)), value))
            default: break
            }
        }
        health.rejected.sort { $0.reason < $1.reason }
        if health.pending == 0 { health.oldestPendingSeconds = 0 }
        health.canaryLoss = try CanaryReport.ask(connection, now: now, days: CanaryReport.days).overall.loss
        return health
    }
}

extension Health {
    /// The number of records with a name of someone else, below the counts of a terminal.
    public static func foreignNames(_ claims: ClaimReport) -> [JSON.Member] {
        [JSON.Member(IngestCounters.foreignName, .integer(claims.foreignNames))]
    }

    /// The whole answer; its table has the counts one below the other, and the age of each daemon's last heartbeat.
    ///
    /// - Parameters:
    ///   - daemons: nil if no daemon is concerned.
    ///   - further: lines at the end of the table.
    public func answer(_ daemons: DaemonReport? = nil, further: [JSON.Member] = []) -> Answer {
        let total = JSON.Member("rejected", .integer(rejected.reduce(0) { $0 + $1.count }))
        let byReason = rejected.map { JSON.Member("rejected.\($0.reason)", .integer($0.count)) }
        return Answer(
            members(daemons),
            table: counts.before + [total] + byReason + counts.after + (daemons?.silences ?? []) + further,
            [.text("count") { $0.key }, .any("value") { $0.value }])
    }

    /// The whole answer with the claims of records; its table is that of the claims.
    public func answer(_ daemons: DaemonReport, claims: ClaimReport) -> Answer {
        Answer(
            members(daemons) + [JSON.Member("claims", claims.answer.json)], table: claims.differences,
            ClaimReport.fields)
    }

    private func members(_ daemons: DaemonReport?) -> [JSON.Member] {
        let reasons = JSON.Member("rejected", .object(rejected.map { JSON.Member($0.reason, .integer($0.count)) }))
        let spoken = daemons.map { [JSON.Member("daemons", $0.answer.json)] } ?? []
        return counts.before + [reasons] + counts.after + spoken
    }

    /// The counts to show before and after those of rejected messages.
    private var counts: (before: [JSON.Member], after: [JSON.Member]) {
        (
            [
                JSON.Member("received", .integer(received)), JSON.Member("stored", .integer(stored)),
                JSON.Member("merged", .integer(merged)), JSON.Member("duplicate", .integer(duplicate)),
            ],
            [
                JSON.Member("kernel_dropped", .integer(kernelDropped)),
                JSON.Member("other_names", .integer(otherNames)), JSON.Member("pending", .integer(pending)),
                JSON.Member("oldest_pending_seconds", .real(oldestPendingSeconds)),
                JSON.Member("last_record", .time(lastRecord)), JSON.Member("balanced", .bool(isBalanced)),
                JSON.Member("canary_loss", canaryLoss.map { .real($0) } ?? .null),
            ]
        )
    }
}
