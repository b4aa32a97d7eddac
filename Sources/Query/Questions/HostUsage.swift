import Record
import Store

/// The hosts that records come from, and those that have fallen silent or were never heard of.
public struct HostUsage: Sendable, Equatable {
    public struct Row: Sendable, Equatable {
        public let host: String
        /// Microseconds since 1970 UTC; nil without a record.
        public let firstSeen: Int64?
        public let lastSeen: Int64?
        /// Days from the last one with a record to the end of the period; nil without a record.
        public let silentDays: Int64?
        /// Days with records.
        public let days: Int64
        public let records: Int64

        /// On days with records; nil without a record.
        public var recordsADay: Double? { days == 0 ? nil : Double(records) / Double(days) }
    }

    /// Never heard of first, then those that are silent for longest.
    public let rows: [Row]

    /// - Parameters:
    ///   - filter: its days; nothing else of it matters.
    ///   - today: days since 1970-01-01 UTC; the end of a period that has not ended.
    ///   - nodes: the hosts that should be heard of, and only these; nil for all that were heard of.
    ///   - silent: the least number of days of silence.
    public static func ask(
        _ connection: any SQLConnection, _ filter: UsageFilter, today: Int, nodes: [String]? = nil, silent: Int? = nil,
        limit: Int? = nil
    ) throws(StoreError) -> HostUsage {
        let end = min(filter.lastDay ?? today, today)
        var known: [Row] = []
        for row in try connection.query(
            """
            SELECT h.name, min(d.first_seen), max(d.last_seen), max(d.day), count(*), sum(d.records)
            FROM host_days d JOIN hosts h ON h.id = d.host
            WHERE d.day >= \(filter.firstDay ?? 0) AND d.day <= \(end) GROUP BY h.name
            """)
        {
            known.append(
                Row(
                    host: row[0].text ?? "", firstSeen: row[1].integer, lastSeen: row[2].integer,
                    silentDays: row[3].integer.map { Int64(end) - $0 }, days: row[4].integer ?? 0,
                    records: row[5].integer ?? 0))
        }
        var rows = nodes.map { listed(known, in: $0) } ?? known
        if let silent { rows.removeAll { $0.silentDays.map { $0 < Int64(silent) } ?? false } }
        rows.sort { left, right in
            let (one, other) = (left.silentDays ?? .max, right.silentDays ?? .max)
            return one == other ? byBytes(left.host, right.host) : one > other
        }
        return HostUsage(rows: rows.limited(to: limit))
    }

    /// The hosts of a list: as they are known, or as never heard of. A name without a domain stands for the host in any
    /// domain, for a program may see either.
    private static func listed(_ known: [Row], in nodes: [String]) -> [Row] {
        var byName: [Substring: [Row]] = [:]
        for row in known { byName[label(row.host), default: []].append(row) }
        var rows: [Row] = []
        var seen: Set<Substring> = []
        for node in nodes where seen.insert(label(node)).inserted {
            rows +=
                byName[label(node)]
                ?? [Row(host: node, firstSeen: nil, lastSeen: nil, silentDays: nil, days: 0, records: 0)]
        }
        return rows
    }

    private static func label(_ host: String) -> Substring {
        let name = host.lowercased()
        return name[..<(name.firstIndex(of: ".") ?? name.endIndex)]
    }

    private static let fields: [Field<Row>] = [
        .text("host") { $0.host }, .time("first_seen") { $0.firstSeen }, .time("last_seen") { $0.lastSeen },
        .count("silent_days") { $0.silentDays }, .count("days") { $0.days },
        .count("records", of: .records) { $0.records }, .number("records_per_day", of: .records) { $0.recordsADay },
    ]

    public var answer: Answer { Answer(rows, HostUsage.fields) }
}
