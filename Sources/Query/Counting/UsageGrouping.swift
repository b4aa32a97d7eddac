import Store

/// A way to group usage, by a property of stacks or of environments. Each may belong to several groups, or to none.
struct UsageGrouping {
    /// `stack` or `environment`.
    var key = DayRows.Column.stack
    /// The columns that name a group, one row of the answer for each; `r` has the key under its name.
    var columns: [String]
    /// Joins that lead from `r` to the columns.
    let joins: String
    /// A condition that begins with `AND`, or empty.
    var condition = ""
    var parameters: [SQLValue] = []

    static let packages = "JOIN stack_packages sp ON sp.stack = r.stack JOIN packages p ON p.id = sp.package"

    /// The use of one package.
    static func use(of package: String, _ filter: UsageFilter, by columns: [String]) -> UsageGrouping {
        UsageGrouping(
            columns: columns, joins: packages, condition: " AND p.name = ?\(filter.packageCondition)",
            parameters: [.text(package)])
    }

    /// The number of each stack or environment in a group, with the groups that it belongs to.
    func stackGroups(_ connection: any SQLConnection) throws(StoreError) -> StackGroups<[SQLValue]> {
        try stackGroups(connection) { Array($0) }
    }

    /// - Parameter group: the group with these values of the columns.
    func stackGroups<Group>(
        _ connection: any SQLConnection, _ group: (ArraySlice<SQLValue>) -> Group
    ) throws(StoreError) -> StackGroups<Group> {
        var groups = StackGroups<Group>()
        let source = key == .stack ? "(SELECT id AS stack FROM stacks)" : "(SELECT id AS environment FROM environments)"
        for row in try connection.query(
            "SELECT r.\(key), \(columns.joined(separator: ", ")) FROM \(source) r \(joins) WHERE true\(condition)",
            parameters)
        { groups.add(row[0].integer ?? 0, to: group(row.dropFirst())) }
        return groups
    }

    func tallies(
        _ connection: any SQLConnection, _ filter: UsageFilter
    ) throws(StoreError) -> [(group: [SQLValue], tally: UsageTally)] {
        try stackGroups(connection).tallies(connection, filter, by: key)
    }
}
