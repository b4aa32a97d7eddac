/// The sources of records with the last heartbeat of each: by the connection that writes, or by the
/// spare one that speaks while the first one waits.
enum SourceStates {
    /// A subquery with a row for each source.
    static let query = """
        SELECT s.id, s.identity, s.kind, s.host, s.tally, s.last_record,
            CASE WHEN h.received > s.head_tally THEN h.received ELSE s.head_tally END AS head_tally,
            CASE WHEN h.told > COALESCE(s.heartbeat, 0) THEN h.told ELSE s.heartbeat END AS heartbeat,
            CASE WHEN h.told > COALESCE(s.heartbeat, 0) THEN h.oldest_pending ELSE s.oldest_pending END
                AS oldest_pending
        FROM sources s LEFT JOIN heartbeats h ON h.source = s.id
        """
}
