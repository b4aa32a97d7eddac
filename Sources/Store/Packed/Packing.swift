import Checksum

/// Packs finished days.
///
/// While a day is read and packed, writers may change it. A writer then deletes the mark that was set before, and
/// without the mark the day does not count as packed.
public enum Packing {
    /// The number of runs in one part, which limits the memory.
    private static let partRows = 100_000

    /// The days to pack, the newest first, because most questions are about them.
    public static func due(_ connection: any SQLConnection) throws(StoreError) -> [Int] {
        let end = try firstUnfinishedDay(connection)
        let packed = try PackedDays.packed(connection, in: "(\(PackedDays.State.ready.rawValue))")
        return try PackedDays.days(connection, 0, end - 1, besides: packed).reversed()
    }

    /// Packs a day, in a few transactions that are short.
    ///
    /// - Returns: false if the day changed meanwhile, or was packed by another connection, or is not over: nothing
    ///   is packed.
    @discardableResult
    public static func pack(_ connection: any SQLConnection, day: Int) throws(StoreError) -> Bool {
        let token = String(UInt64.random(in: 0 ... .max), radix: 16)
        if day >= (try firstUnfinishedDay(connection)) { return false }
        let isNew = try begin(day, token, on: connection)
        var lower = connection.dialect.runKey(beginning: day)
        var part = 0
        var jobs: Set<Int64> = []
        while true {
            let upper = try bound(connection, day: day, from: lower)
            let end = upper.map { "r.run < \($0)" } ?? LiveDays.range(connection, of: day...day)
            var rows = DayRows(day: day)
            try LiveDays.runs(connection, "r.run >= \(lower) AND \(end)", DayRows.Column.allCases) {
                rows.append($0)
            }
            jobs.formUnion(rows[.job])
            try write(rows.merged(), part: part, on: connection)
            part += 1
            guard let upper else { break }
            lower = upper
        }
        var pruned: [DayRows] = []
        try LiveDays.pruned(connection, day...day) { pruned.append($0) }
        for rows in pruned {
            try write(rows, part: part, on: connection)
            part += 1
        }
        jobs.remove(0)
        return try finish(day, token, jobs, isNew: isNew, on: connection)
    }

    /// - Returns: whether no part of the day is packed yet.
    private static func begin(_ day: Int, _ token: String, on connection: any SQLConnection) throws(StoreError) -> Bool
    {
        try connection.transaction { () throws(StoreError) -> Bool in
            try connection.lock(.packedDays, .alone)
            let known = try connection.query("DELETE FROM packed_days WHERE day = \(day) RETURNING day")
            try connection.query("DELETE FROM packed_parts WHERE day = \(day)")
            try connection.query(
                "INSERT INTO packed_days (day, state, token) VALUES (\(day), \(PackedDays.State.making.rawValue), ?)",
                [.text(token)])
            return known.isEmpty
        }
    }

    private static func finish(
        _ day: Int, _ token: String, _ jobs: Set<Int64>, isNew: Bool, on connection: any SQLConnection
    ) throws(StoreError) -> Bool {
        try connection.transaction { () throws(StoreError) -> Bool in
            try connection.lock(.packedDays, .alone)
            let made = try connection.query(
                """
                UPDATE packed_days SET first_job = ?, last_job = ?,
                    state = CASE WHEN state = \(PackedDays.State.making.rawValue)
                        THEN \(PackedDays.State.ready.rawValue) ELSE \(PackedDays.State.stale.rawValue) END
                WHERE day = \(day) AND token = ? RETURNING day
                """, [.integer(jobs.min() ?? 0), .integer(jobs.max() ?? 0), .text(token)])
            if made.isEmpty { return false }
            // data from a job's later processes may change its earlier days
            if isNew { try PackedDays.markStale(jobs: jobs, before: day, on: connection) }
            return true
        }
    }

    /// The key at which the next part begins; nil if the day ends before.
    private static func bound(_ connection: any SQLConnection, day: Int, from lower: String) throws(StoreError)
        -> String?
    {
        let row = try connection.query(
            """
            SELECT r.run FROM runs r WHERE r.run >= \(lower) AND \(LiveDays.range(connection, of: day...day))
            ORDER BY r.run LIMIT 1 OFFSET \(partRows)
            """
        ).first
        return row?[0].bytes.map { connection.dialect.key($0.hexadecimal) }
    }

    private static func write(_ rows: DayRows, part: Int, on connection: any SQLConnection) throws(StoreError) {
        let columns = DayRows.Column.allCases
        let names = columns.map { $0.name }
        let head = SQLValue.bytes(PackedColumn.pack([Int64(rows.day), Int64(rows.count)]))
        try connection.query(
            """
            INSERT INTO packed_parts (day, part, head, \(names.joined(separator: ", ")))
            VALUES (\(rows.day), \(part), ?, \(names.map { _ in "?" }.joined(separator: ", ")))
            """, [head] + columns.map { .bytes(PackedColumn.pack(rows[$0])) })
    }

    private static func firstUnfinishedDay(_ connection: any SQLConnection) throws(StoreError) -> Int {
        let now = try connection.query("SELECT \(connection.dialect.now)").first?[0].integer ?? 0
        return PackedDays.firstUnfinishedDay(now: now)
    }
}
