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
    }

    public let rows: [Row]
    public let dimension: UsageDimension
    /// The order of the rows.
    public let order: UsageOrder

    /// - Parameters:
    ///   - dimension: what the rows are about.
    ///   - package: count only usage of this package, in rows about something else.
    ///   - limit: the largest number of rows; nil for all.
    public static func ask(
        _ connection: any SQLConnection, _ filter: UsageFilter, per dimension: UsageDimension = .package,
        by order: UsageOrder = .users, package: String? = nil, limit: Int? = nil
    ) throws(StoreError) -> TopUsage {
        let numbering = try DimensionNumbers(connection, dimension, filter, package: package)
        var sums = GroupedTotals(withDevices: order.isOfDevices)
        try UsageScan(connection, filter).days(sums.columns.union(numbering.columns)) { rows, kept in
            sums.add(
                rows, kept: kept, counted: numbering.counted(rows, kept), numbers: numbering.numbers(of: rows))
        }
        let groups = try numbering.groups(connection, sums.numbers)
        let rows = sums.totals(of: groups, leastUsers: filter.leastUsers).map { Row(key: $0, totals: $1) }
        let sorted = rows.sorted { left, right in
            let (one, other) = (left.totals.value(order), right.totals.value(order))
            return one == other ? left.key.comesBefore(right.key) : one > other
        }
        return TopUsage(rows: sorted.limited(to: limit), dimension: dimension, order: order)
    }

    public var answer: Answer {
        Answer(rows, [key] + UsageTotals.fields(withDevices: order.isOfDevices) { $0.totals }, measure: order.unit)
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
