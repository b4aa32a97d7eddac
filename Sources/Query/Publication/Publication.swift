import JSON
import Store

/// Answers that may be published: `docs/privacy.md` says what they promise.
///
/// A row is told if it is about enough people. Then no difference of answers may tell of fewer:
///
/// - Where rows are the parts of a whole, a row that is left out could be computed from the others. So the smallest of
///   the others is left out too.
/// - A row about a part of the usage is told only if the rest of that usage is nothing, or of enough people, too.
/// - All numbers are coarse.
public enum Publication {
    /// How the rows of an answer are parts of a whole that other answers tell.
    public enum Parts: Sendable, Equatable {
        /// Usage may be in several rows.
        case overlapping
        /// Each process or job is in one row.
        case ofAll
        /// The same, among the rows with the same value in a column.
        case of(column: String)
    }

    /// Asks a question, and leaves out what may not be published if the filter asks for that.
    ///
    /// - Parameters:
    ///   - limit: the largest number of rows, or of rows of each value of the column in `parts`; nil for all.
    ///   - ask: asks with a filter and a limit.
    public static func answer(
        _ filter: UsageFilter, limit: Int?, parts: Parts = .overlapping,
        _ ask: (UsageFilter, Int?) throws(StoreError) -> Answer
    ) throws(StoreError) -> Answer {
        if filter.leastUsers == 0 { return try ask(filter, limit) }
        let told = try ask(filter, nil)
        var rows = told.rows
        for wider in filter.wider {
            let whole = try ask(wider.telling(ofAtLeast: 0), nil)
            rows = rows.filter { mayBeTold($0, in: told, besides: whole, leastUsers: filter.leastUsers) }
        }
        let groups = { (row: [JSON]) -> String in parts.column(in: told).map { row[$0].plain } ?? "" }
        if parts != .overlapping {
            let all = try ask(filter.telling(ofAtLeast: 0), nil)
            let counts = Dictionary(grouping: all.rows, by: groups).mapValues { $0.count }
            rows = Dictionary(grouping: rows.enumerated(), by: { groups($0.element) }).flatMap { group, rows in
                withoutSmallest(rows, isComplete: rows.count == counts[group], in: told)
            }.sorted { $0.offset < $1.offset }.map { $0.element }
        }
        let isPart = !filter.wider.isEmpty
        let coarse = rows.map { row in
            zip(told.columns, row).map { CoarseNumbers.value($1, of: $0, isPart: isPart) }
        }
        return told.with(rows: limited(coarse, to: limit, groups, isByGroup: parts.isOfColumn))
    }

    /// Whether the rest of the row's usage in a wider answer is nothing, or of enough people.
    private static func mayBeTold(
        _ row: [JSON], in answer: Answer, besides whole: Answer, leastUsers: Int64
    ) -> Bool {
        let keys = answer.columns.indices.filter { answer.columns[$0].isKey }
        guard let users = answer.columns.firstIndex(where: { $0.unit == .users }),
            let wide = whole.rows.first(where: { other in keys.allSatisfy { other[$0] == row[$0] } })
        else { return false }
        if wide == row { return true }
        guard case .integer(let all) = wide[users], case .integer(let some) = row[users] else { return false }
        return all - some >= leastUsers
    }

    private static func withoutSmallest(
        _ rows: [(offset: Int, element: [JSON])], isComplete: Bool, in answer: Answer
    ) -> [(offset: Int, element: [JSON])] {
        let size = answer.columns.firstIndex { $0.unit == .users } ?? answer.columns.firstIndex { $0.unit == .jobs }
        guard !isComplete, let size else { return rows }
        let smallest = rows.min { $0.element[size].count < $1.element[size].count }
        return rows.filter { $0.offset != smallest?.offset }
    }

    private static func limited(
        _ rows: [[JSON]], to limit: Int?, _ groups: ([JSON]) -> String, isByGroup: Bool
    ) -> [[JSON]] {
        guard let limit, isByGroup else { return rows.limited(to: limit) }
        // the newest months come last
        var left = Dictionary(grouping: rows, by: groups).mapValues { max(0, $0.count - limit) }
        return rows.filter { row in
            let skipped = left[groups(row)] ?? 0
            left[groups(row)] = skipped - 1
            return skipped <= 0
        }
    }
}

extension Publication.Parts {
    fileprivate var isOfColumn: Bool { if case .of = self { true } else { false } }

    fileprivate func column(in answer: Answer) -> Int? {
        guard case .of(let name) = self else { return nil }
        return answer.columns.firstIndex { $0.name == name }
    }
}

extension Column {
    /// Whether the column names what the row is about.
    fileprivate var isKey: Bool {
        switch kind {
        case .text, .list, .mapping, .month: true
        case .count, .number, .flag, .time, .day, .any: unit == .nodes
        }
    }
}

extension JSON {
    fileprivate var count: Int64 { if case .integer(let value) = self { value } else { 0 } }
}

extension UsageFilter {
    /// The filter with fewer conditions, in all ways: empty if it selects no part of the usage.
    var wider: [UsageFilter] {
        var filters = [self]
        func add(_ isSet: Bool, _ without: (inout UsageFilter) -> Void) {
            guard isSet else { return }
            filters += filters.map { filter in
                var wider = filter
                without(&wider)
                return wider
            }
        }
        add(system != nil) { $0.system = nil }
        add(subsystem != nil) { $0.subsystem = nil }
        add(account != nil) { $0.account = nil }
        add(partition != nil) { $0.partition = nil }
        add(qos != nil) { $0.qos = nil }
        add(hasGPUs != nil) { $0.hasGPUs = nil }
        add(place != nil) { $0.place = nil }
        add(onlyDirect) { $0.onlyDirect = false }
        return Array(filters.dropFirst())
    }

    /// Whether the filter selects a part of the usage of its days.
    public var selectsPart: Bool { !wider.isEmpty }

    func telling(ofAtLeast users: Int64) -> UsageFilter {
        var filter = self
        filter.leastUsers = users
        return filter
    }
}
