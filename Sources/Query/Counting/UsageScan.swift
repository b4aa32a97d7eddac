import Store

/// All usage that passes a filter, read day by day.
struct UsageScan {
    private let connection: any SQLConnection
    private let filter: UsageFilter
    /// The environments' numbers; nil if the filter has no such condition.
    private let environments: BitSet?
    /// The columns of the job's names in the filter, and the numbers that count.
    private let jobNames: [(column: DayRows.Column, numbers: BitSet)]
    /// Those with the filter's name on some days; nil if it has none.
    private let people: People?

    init(_ connection: any SQLConnection, _ filter: UsageFilter) throws(StoreError) {
        self.connection = connection
        self.filter = filter
        environments = try filter.environments(connection).map { BitSet($0) }
        people = try filter.user.map { (name) throws(StoreError) in try People(connection).called(name) }
        var jobNames: [(DayRows.Column, BitSet)] = []
        for (column, dictionary, name) in filter.jobNames {
            let row = try connection.query("SELECT id FROM \(dictionary) WHERE name = ?", [.text(name)]).first
            // no job has an unknown name
            jobNames.append((column, BitSet(row?[0].integer.map { [$0] } ?? [])))
        }
        if let accounts = try filter.accounts(connection) { jobNames.append((.account, BitSet(accounts))) }
        self.jobNames = jobNames
    }

    /// Calls `body` with the rows of each day, sometimes in several pieces, and the indices of the rows that pass the
    /// filter.
    ///
    /// - Parameter wanted: the columns that are needed.
    func days(
        _ wanted: Set<DayRows.Column>, _ body: (DayRows, [Int]) throws(StoreError) -> Void
    ) throws(StoreError) {
        var columns = wanted.union([.flags])
        if environments != nil { columns.insert(.environment) }
        for (column, _) in jobNames { columns.formUnion([column, .job]) }
        if filter.hasGPUs != nil { columns.insert(.gpus) }
        if filter.user != nil { columns.insert(.user) }
        try PackedDays.scan(
            connection, from: filter.firstDay, through: filter.lastDay, columns.sorted { $0.rawValue < $1.rawValue }
        ) { (rows: DayRows) throws(StoreError) in
            QuestionProgress.note(day: rows.day)
            try body(rows, kept(rows))
        }
    }

    private func kept(_ rows: DayRows) -> [Int] {
        var mask: Int64 = filter.includesStaff ? 0 : DayRows.isStaff
        var expected: Int64 = 0
        if let place = filter.place {
            mask |= DayRows.isCompute
            if place == .compute { expected |= DayRows.isCompute }
        }
        if filter.onlyVouched {
            mask |= DayRows.isVouched
            expected |= DayRows.isVouched
        }
        var kept: [Int] = []
        kept.reserveCapacity(rows.count)
        let flags = rows[.flags]
        for row in 0..<rows.count where flags[row] & mask == expected { kept.append(row) }
        if let environments {
            let column = rows[.environment]
            kept.removeAll { !environments[column[$0]] }
        }
        if let people, let user = filter.user {
            let (column, numbers) = (rows[.user], people.numbers(on: rows.day, called: user))
            kept.removeAll { !numbers.contains(column[$0]) }
        }
        for (name, numbers) in jobNames {
            // a job without a known account is charged to the empty account; usage outside of jobs is charged to none
            let (column, job) = (rows[name], rows[.job])
            kept.removeAll { !numbers[column[$0]] || job[$0] <= 0 }
        }
        if let hasGPUs = filter.hasGPUs {
            let gpus = rows[.gpus]
            kept.removeAll { hasGPUs ? gpus[$0] <= 0 : gpus[$0] != 0 }
        }
        return kept
    }
}
