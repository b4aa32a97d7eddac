/// The number of hosts that are heard of, and of those that have fallen silent.
public struct HostCounts: Sendable, Equatable {
    /// Hosts with a record in the last `silentDays` days.
    public let heard: Int64
    /// Hosts with one in the last `recentDays` days, and none in the last `silentDays`.
    public let silent: Int64

    public static let recentDays = 30
    public static let silentDays = 7

    /// - Parameter today: days since 1970-01-01 UTC.
    /// - Returns: nil in a store that has counted no hosts.
    public static func ask(_ connection: any SQLConnection, today: Int) throws(StoreError) -> HostCounts? {
        let row = try connection.query(
            """
            SELECT (SELECT min(day) FROM host_days), COALESCE(sum(heard), 0), count(*) FROM (
                SELECT CASE WHEN max(day) > \(today - silentDays) THEN 1 ELSE 0 END AS heard
                FROM host_days WHERE day > \(today - recentDays) GROUP BY host) hosts
            """
        ).first
        guard row?[0].integer != nil, let heard = row?[1].integer, let all = row?[2].integer else { return nil }
        return HostCounts(heard: heard, silent: all - heard)
    }
}
