import Record

/// The usage of finished days, packed column by column, so that questions over months read a few large values instead
/// of millions of rows.
///
/// A packed day is a copy of the tables' rows. A transaction that changes a day's usage deletes its copy. One that
/// changes data of its jobs marks the copy as stale, and maintenance soon packs the day again.
public enum PackedDays {
    /// Looks at the usage of all days from the first to the last one, as of one moment: packed days first, then
    /// those that are not.
    ///
    /// - Parameters:
    ///   - first: counted from 1970-01-01 UTC, like `last`; nil without bound.
    ///   - wanted: the columns that are needed.
    ///   - body: gets the rows of one day, not always all at once; it is to leave the connection alone.
    public static func scan(
        _ connection: any SQLConnection, from first: Int?, through last: Int?, _ wanted: [DayRows.Column],
        _ body: (DayRows) throws(StoreError) -> Void
    ) throws(StoreError) {
        try connection.snapshot { () throws(StoreError) in
            var packed: Set<Int> = []
            let bounds = "d.day >= \(first ?? 0) AND d.day <= \(last ?? Int(UInt16.max))"
            try connection.blobs(
                """
                SELECT p.head\(wanted.map { ", p." + $0.name }.joined())
                FROM packed_days d JOIN packed_parts p ON p.day = d.day
                WHERE \(bounds) AND d.state IN \(State.readable)
                """
            ) { (values: [UnsafeRawBufferPointer]) throws(StoreError) in
                let head = try PackedColumn.unpack(values[0], count: 2)
                var rows = DayRows(day: Int(head[0]))
                rows.count = Int(head[1])
                for (place, column) in wanted.enumerated() {
                    rows[column] = try PackedColumn.unpack(values[place + 1], count: rows.count)
                }
                packed.insert(rows.day)
                try body(rows)
            }
            let live = try days(connection, first ?? 0, last ?? Int(UInt16.max), besides: packed)
            for days in ranges(of: live, without: packed) { try LiveDays.scan(connection, days, wanted, body) }
        }
    }

    /// Ranges of days for one statement each: a month at most, because its runs may be many.
    private static func ranges(of days: [Int], without others: Set<Int>) -> [ClosedRange<Int>] {
        var ranges: [ClosedRange<Int>] = []
        for day in days {
            if let last = ranges.last, day - last.lowerBound < 31,
                !(last.upperBound..<day).contains(where: others.contains)
            {
                ranges[ranges.count - 1] = last.lowerBound...day
            } else {
                ranges.append(day...day)
            }
        }
        return ranges
    }

    enum State: Int {
        case ready
        /// Data of its jobs have changed.
        case stale
        /// Being packed; not to be read yet.
        case making
        /// Being packed, and data of its jobs may have changed since they were read.
        case makingStale

        /// The states of days that may be read.
        static let readable = "(\(ready.rawValue), \(stale.rawValue))"
    }

    /// Within a transaction that has changed the usage of these days: deletes their packed copies.
    static func forget(_ days: some Sequence<Int>, on connection: any SQLConnection) throws(StoreError) {
        let list = days.map { String($0) }.joined(separator: ", ")
        if list.isEmpty { return }
        try connection.lock(.packedDays, .shared)
        try connection.query("DELETE FROM packed_days WHERE day IN (\(list))")
        // pruned usage must not stay in a copy
        try connection.query("DELETE FROM packed_parts WHERE day IN (\(list))")
    }

    /// Within a transaction that changes some jobs: deletes the packed copies of the days on which they ran.
    ///
    /// - Parameters:
    ///   - jobs: their numbers.
    ///   - first: only days from this one to the last one, both included.
    static func forget(
        jobs: Set<Int64>, from first: Int, through last: Int, on connection: any SQLConnection
    ) throws(StoreError) {
        try connection.lock(.packedDays, .shared)
        let range = "d.day >= \(first) AND d.day <= \(last)"
        // a connection that packs them now may have read the jobs as they were
        var days = Set(
            try connection.query("SELECT d.day FROM packed_days d WHERE \(range) AND d.state NOT IN \(State.readable)")
                .compactMap { $0[0].integer.map { Int($0) } })
        days.formUnion(try self.days(of: jobs, "\(range) AND d.state IN \(State.readable)", on: connection))
        try forget(days, on: connection)
    }

    /// The packed days, called `d`, that meet a condition and on which some of the jobs ran.
    private static func days(
        of jobs: Set<Int64>, _ condition: String, on connection: any SQLConnection
    ) throws(StoreError) -> Set<Int> {
        guard let first = jobs.min(), let last = jobs.max() else { return [] }
        var days: Set<Int> = []
        try connection.blobs(
            """
            SELECT p.head, p.job FROM packed_days d JOIN packed_parts p ON p.day = d.day
            WHERE \(condition) AND COALESCE(d.first_job, 0) <= \(last) AND COALESCE(d.last_job, \(last)) >= \(first)
            """
        ) { (values: [UnsafeRawBufferPointer]) throws(StoreError) in
            let head = try PackedColumn.unpack(values[0], count: 2)
            if days.contains(Int(head[0])) { return }
            if try PackedColumn.unpack(values[1], count: Int(head[1])).contains(where: jobs.contains) {
                days.insert(Int(head[0]))
            }
        }
        return days
    }

    /// Within a transaction that has changed some jobs: marks the days on which they ran, so that they are packed
    /// again.
    ///
    /// - Parameters:
    ///   - jobs: their numbers.
    ///   - day: only days before this one.
    static func markStale(
        jobs: Set<Int64>, before day: Int = .max, on connection: any SQLConnection
    ) throws(StoreError) {
        if jobs.isEmpty { return }
        let earlier = "day < \(min(day, Int(UInt16.max) + 1))"
        // packing that begins now waits for this transaction; packing that has begun may have read the jobs as they
        // were
        try connection.lock(.packedDays, .shared)
        try connection.query(
            """
            UPDATE packed_days SET state = \(State.makingStale.rawValue)
            WHERE \(earlier) AND state = \(State.making.rawValue)
            """)
        let stale = try days(of: jobs, "d.\(earlier) AND d.state = \(State.ready.rawValue)", on: connection)
        if stale.isEmpty { return }
        try connection.query(
            """
            UPDATE packed_days SET state = \(State.stale.rawValue)
            WHERE state = \(State.ready.rawValue) AND day IN (\(stale.map { String($0) }.joined(separator: ", ")))
            """)
    }

    /// No day from this one on is packed, so a writer need not take its copy away.
    ///
    /// - Parameter now: by the database's clock, seconds since 1970 UTC.
    public static func firstUnpackedDay(now: Int64) -> Int { day(of: now - 3_600) }

    /// Days before this one may be packed. The bound is an hour later than the writers', because a transaction may take
    /// a while.
    ///
    /// - Parameter now: by the database's clock, seconds since 1970 UTC.
    public static func firstUnfinishedDay(now: Int64) -> Int { day(of: now - 7_200) }

    private static func day(of seconds: Int64) -> Int { Int(seconds / 86_400) }

    /// All days with runs, counted from 1970-01-01 UTC.
    public static func daysWithRuns(_ connection: any SQLConnection) throws(StoreError) -> [Int] {
        let packed = try self.packed(connection, in: State.readable)
        return try (Array(packed) + days(connection, 0, Int(UInt16.max), besides: packed)).sorted()
    }

    /// The packed days in one of these states.
    static func packed(_ connection: any SQLConnection, in states: String) throws(StoreError) -> Set<Int> {
        Set(
            try connection.query("SELECT day FROM packed_days WHERE state IN \(states)").compactMap {
                $0[0].integer.map { Int($0) }
            })
    }

    /// The days with usage from the first to the last one, in order, except some known ones. Each is found by the keys,
    /// because a day has thousands of runs.
    static func days(
        _ connection: any SQLConnection, _ first: Int, _ last: Int, besides known: Set<Int>
    ) throws(StoreError) -> [Int] {
        var days: [Int] = []
        var day = first
        while day <= last {
            if known.contains(day) {
                day += 1
                continue
            }
            guard let next = try nextDay(connection, from: day), next <= last else { break }
            if !known.contains(next) { days.append(next) }
            day = next + 1
        }
        return days
    }

    private static func nextDay(_ connection: any SQLConnection, from day: Int) throws(StoreError) -> Int? {
        if day > Int(UInt16.max) { return nil }
        return try connection.query(
            """
            SELECT min(n.day) FROM (
                SELECT f.day FROM (
                    SELECT r.day FROM runs r WHERE r.run >= \(connection.dialect.runKey(beginning: day))
                    ORDER BY r.run LIMIT 1) f
                UNION ALL SELECT min(p.day) FROM pruned_usage p WHERE p.day >= \(day)) n
            """
        ).first?[0].integer.map { Int($0) }
    }
}

extension DayRows.Column {
    /// The name of the column in the table of packed parts.
    var name: String {
        switch self {
        case .user: "usr"
        case .lastSeen: "last_seen"
        default: String(describing: self)
        }
    }
}
