import JSON
import Store

/// The daemons that have written to the store, and the age of each one's last heartbeat. Without it, counts that no
/// longer change would look like those of a quiet day.
public struct DaemonReport: Sendable, Equatable {
    public struct Daemon: Sendable, Equatable {
        public let host: String
        /// The identity of its journal.
        public let identity: String
        /// Microseconds since 1970 UTC; nil before the first heartbeat.
        public let lastWord: Int64?
        /// The time since the last heartbeat.
        public let silentSeconds: Double?
        public let received: Int64
        public let pending: Int64
    }

    /// The daemon with the newest heartbeat first.
    public let daemons: [Daemon]

    /// - Parameter now: microseconds since 1970 UTC.
    public static func ask(_ connection: any SQLConnection, now: Int64) throws(StoreError) -> DaemonReport {
        let rows = try connection.query(
            """
            SELECT s.host, s.identity, s.heartbeat, s.head_tally, s.tally
            FROM (\(SourceStates.query)) s WHERE s.kind = 'daemon' ORDER BY COALESCE(s.heartbeat, 0) DESC, s.identity
            """)
        return DaemonReport(
            daemons: rows.map { row in
                let lastWord = row[2].integer
                let received = row[3].integer ?? 0
                return Daemon(
                    host: row[0].text ?? "", identity: row[1].text ?? "", lastWord: lastWord,
                    silentSeconds: lastWord.map { Double(max(0, now - $0) / 1_000) / 1_000 }, received: received,
                    pending: received - (row[4].integer ?? 0))
            })
    }

    private static let fields: [Field<Daemon>] = [
        .text("host") { $0.host }, .text("journal") { $0.identity }, .time("last_word") { $0.lastWord },
        .number("last_word_seconds", of: .seconds) { $0.silentSeconds },
        .count("received", of: .records) { $0.received }, .count("pending", of: .records) { $0.pending },
    ]

    public var answer: Answer { Answer(daemons, DaemonReport.fields) }

    /// The age of each daemon's last heartbeat in seconds.
    var silences: [JSON.Member] {
        daemons.map { daemon in
            // of two on one machine each has a journal of its own
            let isOnlyOne = daemons.filter { $0.host == daemon.host }.count == 1
            let name = isOnlyOne ? daemon.host : "\(daemon.host)/\(daemon.identity.prefix(8))"
            return JSON.Member("last_word_seconds.\(name)", daemon.silentSeconds.map { .real($0) } ?? .null)
        }
    }
}
