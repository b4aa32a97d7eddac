import JSON
import Record
import Store

/// Who or what uses Python most: a row for each package, account, system and so on. Of packages it is the question of
/// the SciPy 2021 paper's first figure.
///
/// In each row a user counts once, and a job once. Node hours are those of the row's jobs.
public struct TopUsage: Sendable, Equatable {
    public struct Row: Sendable, Equatable {
        /// The name of the package, account and so on; a number of nodes; null for usage that did not say it.
        public let key: SQLValue
        public let totals: UsageTotals
        /// In the period that this one is compared with.
        public var before: UsageTotals?
    }

    /// The periods of a comparison.
    public struct Comparison: Sendable, Equatable {
        public let period: Period
        public let before: Period
    }

    public let rows: [Row]
    public let dimension: UsageDimension
    /// The order of the rows.
    public let order: UsageOrder
    /// nil for none.
    public let comparison: Comparison?
    /// The totals of all usage, for the shares of the rows; nil if they are not wanted.
    public let whole: UsageTotals?

    /// - Parameters:
    ///   - dimension: what the rows are about.
    ///   - package: count only usage of this package, in rows about something else.
    ///   - compared: the period to compare with; nil for none.
    ///   - today: counted from 1970-01-01 UTC.
    ///   - hasShares: whether rows have their shares of all usage.
    ///   - limit: the largest number of rows; nil for all.
    public static func ask(
        _ connection: any SQLConnection, _ filter: UsageFilter, per dimension: UsageDimension = .package,
        by order: UsageOrder = .users, package: String? = nil, against compared: ComparedPeriod? = nil, today: Int = 0,
        hasShares: Bool = false, limit: Int? = nil
    ) throws(StoreError) -> TopUsage {
        let totals = { (filter: UsageFilter) throws(StoreError) -> [SQLValue: UsageTotals] in
            try groups(connection, filter, per: dimension, by: order, package: package)
        }
        var rows = try totals(filter).map { Row(key: $0, totals: $1) }
        var comparison: Comparison?
        if let compared, let period = try Period.asked(connection, filter, today: today) {
            let other = try compared.period(before: period, today: today, connection)
            comparison = Comparison(period: period, before: other)
            var before = try totals(filter.of(other))
            rows = rows.map {
                Row(key: $0.key, totals: $0.totals, before: before.removeValue(forKey: $0.key) ?? .init())
            }
            rows += before.map { Row(key: $0, totals: UsageTotals(), before: $1) }
        }
        let sorted = rows.sorted { left, right in
            let (one, other) = (left.totals.value(order), right.totals.value(order))
            return one == other ? left.key.comesBefore(right.key) : one > other
        }
        let whole =
            hasShares
            ? try Period.asked(connection, filter, today: today).map { (period) throws(StoreError) in
                try UsageTotals.ask(connection, filter, in: period)
            } ?? UsageTotals() : nil
        return TopUsage(
            rows: sorted.limited(to: limit), dimension: dimension, order: order, comparison: comparison, whole: whole)
    }

    private static func groups(
        _ connection: any SQLConnection, _ filter: UsageFilter, per dimension: UsageDimension, by order: UsageOrder,
        package: String?
    ) throws(StoreError) -> [SQLValue: UsageTotals] {
        let numbering = try DimensionNumbers(connection, dimension, filter, package: package)
        var sums = GroupedTotals(withDevices: order.isOfDevices)
        try UsageScan(connection, filter).days(sums.columns.union(numbering.columns)) { rows, kept in
            sums.add(
                rows, kept: kept, counted: numbering.counted(rows, kept), numbers: numbering.numbers(of: rows))
        }
        let groups = try numbering.groups(connection, sums.numbers)
        return sums.totals(of: groups, leastUsers: filter.leastUsers)
    }

    public var answer: Answer {
        let totals: [Field<Row>] = UsageTotals.fields(withDevices: order.isOfDevices) { $0.totals }
        return Answer(rows, [key] + totals + shares + changes, measure: order.unit)
    }

    private var shares: [Field<Row>] {
        guard let whole else { return [] }
        let order = order
        return [.number("share_percent") { $0.totals.share(of: whole, by: order) }]
    }

    private var changes: [Field<Row>] {
        guard comparison != nil else { return [] }
        let order = order
        let change = { @Sendable (row: Row) in row.before.map { UsageChange(from: $0, to: row.totals, of: order) } }
        return [
            .any("before") { change($0)?.before ?? .null }, .any("change") { change($0)?.absolute ?? .null },
            .any("change_percent") { change($0)?.percent ?? .null },
        ]
    }

    private var key: Field<Row> {
        let name = dimension.rawValue
        return switch dimension {
        case .nodes: .count(name, of: .nodes) { $0.key.integer }
        case .month: .month(name) { $0.key.text ?? "" }
        default: .text(name) { $0.key.text }
        }
    }
}

extension SQLValue {
    /// By bytes or value; what is not known comes first.
    fileprivate func comesBefore(_ other: SQLValue) -> Bool {
        switch (self, other) {
        case (.integer(let one), .integer(let two)): one < two
        case (.text(let one), .text(let two)): byBytes(one, two)
        case (.null, .null): false
        case (.null, _): true
        default: false
        }
    }
}
