import Store

/// All usage that a filter leaves, looked at day by day.
struct UsageScan {
    private let connection: any SQLConnection
    private let filter: UsageFilter
    /// By their numbers; nil where the filter does not ask.
    private let environments: BitSet?
    private let account: Int64?

    init(_ connection: any SQLConnection, _ filter: UsageFilter) throws(StoreError) {
        self.connection = connection
        self.filter = filter
        environments = try filter.system.map { (system) throws(StoreError) in
            var flags = BitSet()
            for row in try connection.query("SELECT id FROM environments WHERE system = ?", [.text(system)]) {
                flags.set(row[0].integer ?? 0)
            }
            return flags
        }
        account = try filter.account.map { (name) throws(StoreError) in
            // no job has the number that stands for an unknown name
            try connection.query("SELECT id FROM accounts WHERE name = ?", [.text(name)]).first?[0].integer ?? -1
        }
    }

    /// Hands over the rows of each day, not always all of a day at once, and the places of those that the filter leaves.
    ///
    /// - Parameter wanted: the columns that are needed.
    func days(
        _ wanted: Set<DayRows.Column>, _ body: (DayRows, [Int]) throws(StoreError) -> Void
    ) throws(StoreError) {
        var columns = wanted.union([.flags])
        if environments != nil { columns.insert(.environment) }
        if account != nil { columns.formUnion([.account, .job]) }
        try PackedDays.scan(
            connection, from: filter.firstDay, through: filter.lastDay, columns.sorted { $0.rawValue < $1.rawValue }
        ) { (rows: DayRows) throws(StoreError) in try body(rows, kept(rows)) }
    }

    private func kept(_ rows: DayRows) -> [Int] {
        var mask: Int64 = filter.includesStaff ? 0 : DayRows.isStaff
        var expected: Int64 = 0
        if let place = filter.place {
            mask |= DayRows.isCompute
            if place == .compute { expected |= DayRows.isCompute }
        }
        var kept: [Int] = []
        kept.reserveCapacity(rows.count)
        let flags = rows[.flags]
        for row in 0..<rows.count where flags[row] & mask == expected { kept.append(row) }
        if let environments {
            let column = rows[.environment]
            kept.removeAll { !environments[column[$0]] }
        }
        if let account {
            // jobs that no account was said of are charged to one without a name; what ran outside jobs is charged to none
            let (column, job) = (rows[.account], rows[.job])
            kept.removeAll { column[$0] != account || job[$0] <= 0 }
        }
        return kept
    }
}
