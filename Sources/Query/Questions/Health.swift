import Record
import Store

/// What became of every message: `received == stored + merged + duplicate + sum(rejected) + pending`.
public struct Health: Sendable, Equatable {
    public var received: Int64 = 0
    public var stored: Int64 = 0
    public var merged: Int64 = 0
    public var duplicate: Int64 = 0
    public var rejected: [(reason: String, count: Int64)] = []
    /// Datagrams that never reached the daemon.
    public var kernelDropped: Int64 = 0
    public var pending: Int64 = 0
    public var oldestPendingSeconds: Double = 0
    /// Microseconds since 1970 UTC.
    public var lastRecord: Int64?
    /// The fraction of canaries that were lost; nil where none ran.
    public var canaryLoss: Double?

    public var isBalanced: Bool {
        received == stored + merged + duplicate + pending + rejected.reduce(0) { $0 + $1.count }
    }

    public init() {}

    public static func == (left: Health, right: Health) -> Bool {
        left.received == right.received && left.stored == right.stored && left.merged == right.merged
            && left.duplicate == right.duplicate && left.kernelDropped == right.kernelDropped
            && left.pending == right.pending && left.lastRecord == right.lastRecord
            && left.rejected.elementsEqual(right.rejected) { $0 == $1 }
    }

    /// The sources with the last word of each: by the connection that writes, or by the one that speaks while that one waits.
    static let sources = """
        SELECT s.id, s.identity, s.kind, s.host, s.tally, s.last_record,
            CASE WHEN h.received > s.head_tally THEN h.received ELSE s.head_tally END AS head_tally,
            CASE WHEN h.told > COALESCE(s.heartbeat, 0) THEN h.told ELSE s.heartbeat END AS heartbeat,
            CASE WHEN h.told > COALESCE(s.heartbeat, 0) THEN h.oldest_pending ELSE s.oldest_pending END AS oldest_pending
        FROM sources s LEFT JOIN heartbeats h ON h.source = s.id
        """

    /// - Parameters:
    ///   - source: the identity of one source; nil for all together.
    ///   - now: microseconds since 1970 UTC.
    public static func ask(
        _ connection: any SQLConnection, source: String? = nil, now: Int64
    ) throws(StoreError) -> Health {
        let which = source == nil ? "" : " WHERE s.identity = ?"
        let parameters = source.map { [SQLValue.text($0)] } ?? []
        // one statement, so that all is of one moment
        let rows = try connection.query(
            """
            SELECT 'source', CAST(NULL AS bigint), sum(s.head_tally), sum(s.tally), max(s.last_record), min(s.oldest_pending)
            FROM (\(sources)) s\(which)
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
