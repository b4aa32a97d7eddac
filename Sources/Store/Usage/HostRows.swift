import Merge

/// The records of hosts by day: `host_days`.
enum HostRows {
    /// Adds the names of hosts: first and by themselves, like all writers.
    static func addNames(_ days: [HostDay], on connection: some SQLConnection) throws(StoreError) {
        try connection.transaction { () throws(StoreError) in
            try stage(days, on: connection)
            try connection.query(
                """
                INSERT INTO hosts (name) SELECT DISTINCT s.name FROM staged_hosts s
                WHERE NOT EXISTS (SELECT 1 FROM hosts h WHERE h.name = s.name) ORDER BY 1
                ON CONFLICT (name) DO NOTHING
                """)
        }
    }

    /// Adds counts of hosts, whose names are there, to those that are there. Their order keeps writers from waiting for
    /// one another in a circle.
    static func add(_ days: [HostDay], on connection: some SQLConnection) throws(StoreError) {
        try connection.transaction { () throws(StoreError) in
            try stage(days, on: connection)
            try connection.query(
                """
                INSERT INTO host_days (day, host, records, first_seen, last_seen)
                SELECT s.day, h.id, s.records, s.first_seen, s.last_seen
                FROM staged_hosts s JOIN hosts h ON h.name = s.name WHERE s.records > 0 ORDER BY s.day, h.id
                ON CONFLICT (day, host) DO UPDATE SET records = host_days.records + excluded.records,
                    first_seen = CASE WHEN excluded.first_seen < host_days.first_seen
                        THEN excluded.first_seen ELSE host_days.first_seen END,
                    last_seen = CASE WHEN excluded.last_seen > host_days.last_seen
                        THEN excluded.last_seen ELSE host_days.last_seen END
                """)
        }
    }

    private static func stage(_ days: [HostDay], on connection: some SQLConnection) throws(StoreError) {
        try connection.stage(Staged.hosts, count: days.count) { index, row in
            let day = days[index]
            row.text(storable(day.host))
            row.integer(Int64(day.day))
            row.integer(day.records)
            row.integer(day.firstSeen)
            row.integer(day.lastSeen)
        }
    }
}
