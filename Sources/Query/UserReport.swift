import Store

/// What one person uses.
public struct UserReport: Sendable, Equatable {
    public let username: String
    public let jobs: Int64
    public let processes: Int64
    /// By processes, most first.
    public let packages: [String]
    /// Prefixes of the interpreters' environments, by processes, most first.
    public let environments: [String]

    public static func ask(
        _ connection: any SQLConnection, _ filter: UsageFilter, username: String, limit: Int? = nil
    ) throws(StoreError) -> UserReport {
        // whoever asks for a person by name means it, staff or not
        var filter = filter
        filter.includesStaff = true
        let (condition, parameters) = filter.condition(in: connection.dialect)
        let named = [SQLValue.text(username), .text(username)] + parameters
        let most = limit.map { " LIMIT \($0)" } ?? ""
        let total = try connection.query(
            """
            SELECT count(DISTINCT NULLIF(r.job, 0)), sum(r.processes) FROM runs r JOIN users u ON u.id = r.usr
            WHERE \(PersonNames.condition)\(condition)
            """, named)
        let packages = try connection.query(
            """
            SELECT p.name, sum(r.processes) AS processes FROM runs r JOIN users u ON u.id = r.usr
                JOIN stack_packages sp ON sp.stack = r.stack JOIN packages p ON p.id = sp.package
            WHERE \(PersonNames.condition)\(filter.packageCondition)\(condition) GROUP BY p.name ORDER BY processes DESC, p.name\(most)
            """, named)
        let environments = try connection.query(
            """
            SELECT e.prefix, sum(r.processes) AS processes FROM runs r JOIN users u ON u.id = r.usr
                JOIN environments e ON e.id = r.environment
            WHERE \(PersonNames.condition) AND e.prefix <> ''\(condition)
            GROUP BY e.prefix ORDER BY processes DESC, e.prefix\(most)
            """, named)
        return UserReport(
            username: username, jobs: total.first?[0].integer ?? 0, processes: total.first?[1].integer ?? 0,
            packages: packages.compactMap { $0[0].text }, environments: environments.compactMap { $0[0].text })
    }
}
